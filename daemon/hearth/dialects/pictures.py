"""Pictures looked at before anybody gets them: what is no picture, or is called something else, is refused.

Formats are told by their first bytes, as the engines do (Go's http.DetectContentType, llama.cpp's stb_image).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator, Sequence

from hearth.chat import Image, Message, ToolResult
from hearth.dialects.data_urls import split_data_url
from hearth.problems import BadRequest

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
_ADVICE = "Send a PNG, JPEG, GIF or WebP as base64, under its own type: data:image/png;base64,…"
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def check_pictures(messages: Sequence[Message], *, exact: bool = False) -> None:
    """Raise `BadRequest` for a picture that is none, or that is said to be something else than a picture.

    `exact`: the type that is said must be the one it is, since the provider compares them. Pictures by address are
    not looked at: only the provider fetches them.
    """
    for picture in _pictures(messages):
        said, data = picture.media_type, picture.data
        if picture.url.startswith("data:"):
            said, data = split_data_url(picture.url)
        elif picture.url:
            continue
        _check(said, data, exact=exact)


def _pictures(messages: Sequence[Message]) -> Iterator[Image]:
    for message in messages:
        for part in message.parts:
            if isinstance(part, Image):
                yield part
            elif isinstance(part, ToolResult):
                yield from (inner for inner in part.parts if isinstance(inner, Image))


def _check(said: str, data: str, *, exact: bool) -> None:
    if said and not said.startswith("image/"):
        raise BadRequest(f"{said[:60]!r} is not the type of a picture.", next_step=_ADVICE, param="messages")
    found = real_type(data)
    if not found:
        raise BadRequest(
            "A picture in the request is none: its data cannot be read.", next_step=_ADVICE, param="messages"
        )
    if exact and said and said != found:
        raise BadRequest(
            f"A picture is called {said[:60]}, but it is {found}.", next_step=f"Send it as {found}.", param="messages"
        )


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
