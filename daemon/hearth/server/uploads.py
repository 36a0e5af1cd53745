"""A body that passes through: the model it names is read and replaced, the rest is never held as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Protocol

from hearth.chat import Members
from hearth.dialects.body import cut, join, raw, value
from hearth.problems import SlowRequest, TooLarge
from hearth.server.connection import patience_of
from hearth.server.intake import arriving, read_body
from hearth.server.multipart import boundary_of, find_field

if TYPE_CHECKING:
    from hearth.server import web

WINDOW = 64 * 1024
"""So much of a form is read before it is sent on: the model's name must stand in there, before the first file."""
Body = bytes | AsyncIterator[bytes]


class Upload(Protocol):
    """A body, as far as it has been read."""

    model: str
    """The name in it, "" where it has none."""
    members: Members
    """A JSON body's members; those of any other are not known."""

    def named(self, model: str) -> tuple[Body, int | None]:
        """Return the body with this name in place of its own, and its length where it is known."""
        ...


async def take_up(request: web.BaseRequest, limit: int) -> Upload:
    """Read of a request's body what is needed to know where it goes.

    Raises `TooLarge`, `SlowRequest`, or `BadRequest` for JSON that cannot be read.
    """
    if request.method in ("GET", "DELETE") or not request.can_read_body:
        return _Whole({})
    boundary = boundary_of(request.headers.get("Content-Type", ""))
    if not boundary:
        return _Whole(cut(await read_body(request, limit)))
    _check_length(request.content_length, limit)
    pieces = _pieces(request, limit)
    start = b""
    found = find_field(start, boundary, b"model")
    async for piece in pieces:
        start += piece
        found = find_field(start, boundary, b"model")
        if found != "more" or len(start) > WINDOW:
            break
    span = found if isinstance(found, tuple) else None
    return _Form(start, span, pieces, request.content_length)


class _Whole:
    """A JSON body, or none."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self.model: str = value(members, "model", str) or ""

    def named(self, model: str) -> tuple[Body, int | None]:
        if not self.members:
            return b"", None
        named = {**self.members, "model": raw(model)} if self.model else self.members
        return join(named), None


class _Form:
    """A form, its first bytes read."""

    def __init__(
        self, start: bytes, span: tuple[int, int] | None, rest: AsyncIterator[bytes], length: int | None
    ) -> None:
        self.members: Members = {}
        self._start = start
        self._span = span or (0, 0)
        self._rest = rest
        self._length = length
        self.model = start[slice(*span)].decode("utf-8", "replace") if span is not None else ""

    def named(self, model: str) -> tuple[Body, int | None]:
        begin, end = self._span
        start = self._start
        if self.model:
            start = start[:begin] + model.encode() + start[end:]
        length = None if self._length is None else self._length + len(start) - len(self._start)
        return _joined(start, self._rest), length


async def _joined(start: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield start
    async for piece in rest:
        yield piece


async def _pieces(request: web.BaseRequest, limit: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes, each piece in its time and all of them within the limit."""
    patience, size = patience_of(request.protocol).body_s, 0
    body = arriving(request)
    while True:
        try:
            async with asyncio.timeout(patience):
                piece = await anext(body, b"")
        except TimeoutError:
            raise SlowRequest("The body did not arrive in time.") from None
        if not piece:
            return
        size += len(piece)
        _check_length(size, limit)
        yield piece


def _check_length(length: int | None, limit: int) -> None:
    if length is not None and length > limit:
        raise TooLarge(
            f"The body has {length} bytes or more; {limit} are allowed.", next_step="Raise body_limit under [listen]."
        )
