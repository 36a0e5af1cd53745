"""What kind of picture a text of base64 is, told by its first bytes and not by what it is called.

As the engines tell it (Go's http.DetectContentType, llama.cpp's stb_image).
"""

from __future__ import annotations

import binascii

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)
_BOXES = {b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif", b"avif": "image/avif"}
"""Brands of ISO media files that hold a picture."""
_HEAD = 64
"""So many characters of base64 tell the format."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def real_type(data: str) -> str:
    """Return the media type of a picture in base64 of either alphabet, by its first bytes; "" for what is none."""
    try:
        head = "".join(data[: 2 * _HEAD].split())[:_HEAD].encode("ascii").translate(_URL_SAFE)
        start = binascii.a2b_base64(head.rstrip(b"=") + b"=" * (-len(head.rstrip(b"=")) % 4), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return ""
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    if start[4:8] == b"ftyp":
        return _BOXES.get(start[8:12], "")
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), "")


def picture_type(data: str, said: str) -> str:
    """Return the media type a picture is to be handed on with: what it is, else what was said, else PNG.

    A wrong label is not handed on: some providers compare.
    """
    return real_type(data) or said or "image/png"
