"""Pictures and files as `data:` URLs of base64: taken apart, and put together."""

from __future__ import annotations

from hearth.problems import BadRequest

_MAGIC = (("iVBOR", "image/png"), ("/9j/", "image/jpeg"), ("R0lG", "image/gif"), ("UklG", "image/webp"))
"""How base64 of the usual picture formats begins."""


def split_data_url(url: str) -> tuple[str, str]:
    """Return media type and base64 data of a `data:` URL. Raises `BadRequest` for one that is not base64."""
    head, comma, data = url[5:].partition(",")
    media_type, *options = head.split(";")
    if not comma or "base64" not in options:
        raise BadRequest("A data: URL must hold base64: data:image/png;base64,…")
    return media_type, data


def picture_url(media_type: str, data: str) -> str:
    """Return the `data:` URL of a picture."""
    return f"data:{picture_type(data, media_type)};base64,{data}"


def picture_type(data: str, said: str = "") -> str:
    """Return the media type of a picture by how its base64 begins; where it is none of the usual ones what was said.

    A wrong label is not handed on: some providers compare.
    """
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), said or "image/png")
