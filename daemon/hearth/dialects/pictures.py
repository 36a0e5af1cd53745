"""Pictures looked at before anybody gets them: what is no picture, or is called something else, is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hearth.chat import Image, Message, ToolResult
from hearth.dialects.data_urls import split_data_url
from hearth.dialects.picture_types import real_type
from hearth.problems import BadRequest

_ADVICE = "Send a PNG, JPEG, GIF or WebP as base64, under its own type: data:image/png;base64,…"


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
