"""Pictures and files as `data:` URLs of base64: taken apart, and put together."""

from __future__ import annotations

from hearth.dialects.picture_types import picture_type
from hearth.problems import BadRequest


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
