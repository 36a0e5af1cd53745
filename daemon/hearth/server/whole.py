"""A whole reply, written in one piece: aiohttp's own takes as long as all of planning, and most replies are whole."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import HttpVersion11

DRAIN_FROM = 64 * 1024
_REASONS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class WholeReply(web.StreamResponse):
    """Status, headers and body, ready to go out. Header values hold no control characters: `safe` sees to that."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Nothing is sent before `prepare`."""
        super().__init__(status=status)
        self._lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        self._content = body
        self._sent = False

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write all of it, once. Raises `ConnectionResetError` when the client has gone."""
        if self._sent:
            return None
        self._sent = True
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("The client has gone.")
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive
        body = b"" if request.method == "HEAD" else self._content
        transport.write(self._head(request).encode("latin-1", "replace") + body)
        if len(body) >= DRAIN_FROM:
            await request.protocol._drain_helper()  # noqa: SLF001 -- aiohttp's writers wait in the same way
        return None

    def _head(self, request: web.BaseRequest) -> str:
        first = _REASONS.get(self.status) or f"HTTP/1.1 {self.status} Error\r\n"
        connection = ""
        if request.version < HttpVersion11:
            connection = "Connection: keep-alive\r\n" if self._keep_alive else ""
        elif not self._keep_alive:
            connection = "Connection: close\r\n"
        return (
            f"{first}{self._lines}Content-Length: {len(self._content)}\r\n{connection}"
            f"Date: {rfc822_formatted_time()}\r\nServer: Hearth\r\n\r\n"
        )

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: all was written by `prepare`."""


def safe(value: str) -> str:
    """Return a text that may stand in a header: printable ASCII, everything else escaped (T23)."""
    if value.isascii() and value.isprintable():
        return value
    return value.encode("unicode_escape").decode("ascii").replace("\r", "").replace("\n", "")
