"""Replies written straight to the client's transport: aiohttp's own way takes as long as all of planning.

Header values hold no control characters: `safe` sees to that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http import HttpVersion11
from aiohttp.web_protocol import RequestHandler

from hearth.server import web
from hearth.server.connection import patience_of

_REASONS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


class Direct(web.StreamResponse):
    """What whole and streamed replies share: the head, and a client that may have gone or not be reading."""

    sent = False
    """Whether all of it was written: then aiohttp has nothing to do."""

    def __init__(self, status: int, lines: str) -> None:
        """`lines` are header lines (`lines_of`). Nothing is sent before `prepare`."""
        self._status = status  # `StreamResponse.__init__` would make headers and a reason that nobody sees
        self._lines = lines
        self._protocol: RequestHandler | None = None
        self._way: asyncio.Transport | None = None

    def _begin(self, request: web.BaseRequest) -> None:
        protocol = self._protocol = request.protocol
        self._way = protocol.transport
        if self._keep_alive is None:
            self._keep_alive = request.keep_alive

    def _head(self, request: web.BaseRequest, framing: str) -> bytes:
        first = _REASONS.get(self._status) or f"HTTP/1.1 {self._status} Error\r\n"
        connection = ""
        if request.version < HttpVersion11:
            connection = "Connection: keep-alive\r\n" if self._keep_alive else ""
        elif not self._keep_alive:
            connection = "Connection: close\r\n"
        head = f"{first}{self._lines}{framing}{connection}Date: {rfc822_formatted_time()}\r\nServer: Hearth\r\n\r\n"
        return head.encode("latin-1", "replace")

    def _transport(self) -> asyncio.Transport:
        """Return the way to the client. Raises `ConnectionResetError` when it has gone."""
        if self._way is None or self._way.is_closing():
            raise ConnectionResetError("The client has gone.")
        return self._way

    async def _drained(self) -> None:
        """Wait while the client reads slower than we write; one that reads nothing for long is cut off (F23)."""
        protocol = self._protocol
        if protocol is None:
            return
        watchdog = _Watchdog(protocol, self._transport())
        try:
            await protocol._drain_helper()  # noqa: SLF001 -- aiohttp's writers wait in the same way
        finally:
            watchdog.close()


class _Watchdog:
    """Cuts off a client that leaves unread what it left unread before."""

    def __init__(self, protocol: RequestHandler, transport: asyncio.Transport) -> None:
        """Look again and again, until `close`."""
        self._transport = transport
        self._every_s = patience_of(protocol).stuck_reader_s
        self._unread = transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)

    def _look(self) -> None:
        unread = self._transport.get_write_buffer_size()
        if unread == self._unread:
            self._transport.abort()
            return
        self._unread = unread
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)

    def close(self) -> None:
        self._timer.cancel()


class WholeReply(Direct):
    """Status, headers and body in one write."""

    def __init__(self, status: int, lines: str, body: bytes) -> None:
        """Nothing is sent before `prepare`."""
        super().__init__(status, lines)
        self._content = body

    @property
    def content(self) -> bytes:
        """The body."""
        return self._content

    def send(self, request: web.BaseRequest) -> bool:
        """Write all of it, once; whether the client reads as fast. Raises `ConnectionResetError` when it has gone."""
        self._begin(request)
        self.sent = True
        body = b"" if request.method == "HEAD" else self._content
        self._transport().write(self._head(request, f"Content-Length: {len(self._content)}\r\n") + body)
        return not request.protocol._paused  # noqa: SLF001 -- its property costs a call

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Write all of it, once. Raises `ConnectionResetError` when the client has gone."""
        if self._protocol is None:
            self.send(request)
        if request.protocol.writing_paused:
            await self._drained()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Do nothing: all was written by `prepare`."""


class StreamReply(Direct):
    """A reply that goes out piece by piece: chunked, or for HTTP/1.0 until the connection closes."""

    def __init__(self, lines: str) -> None:
        """Nothing is sent before the first piece."""
        super().__init__(200, lines)
        self._pending = b""
        self._chunked = True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Make the head; it goes out with the first piece, in one write."""
        if self._protocol is not None:
            return None
        self._begin(request)
        self._chunked = request.version >= HttpVersion11
        if not self._chunked:
            self._keep_alive = False
        self._pending = self._head(request, "Transfer-Encoding: chunked\r\n" if self._chunked else "")
        return None

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece; waits while the client does not read. Raises `ConnectionResetError` when it has gone."""
        if not data:
            return
        self.write_at_once(bytes(data))
        if self._protocol is not None and self._protocol.writing_paused:
            await self._drained()

    @property
    def flows(self) -> bool:
        """Whether the client reads as fast as we write."""
        protocol = self._protocol
        return protocol is not None and not protocol._paused  # noqa: SLF001 -- its property costs a call for each piece

    def write_at_once(self, data: bytes) -> None:
        """Send a piece without waiting for anything. Raises `ConnectionResetError` when the client has gone."""
        piece = b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data
        if self._pending:
            piece, self._pending = self._pending + piece, b""
        self._transport().write(piece)

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002 -- nobody hands in a last piece
        """End the reply, once. Raises `ConnectionResetError` when the client has gone."""
        if self.sent:
            return
        self.sent = True
        self._transport().write(self._pending + (b"0\r\n\r\n" if self._chunked else b""))
        if self._protocol is not None and self._protocol.writing_paused:
            await self._drained()


def lines_of(headers: Mapping[str, str]) -> str:
    """Return headers as the lines of a head."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


def safe(value: str) -> str:
    """Return a text that may stand in a header: printable ASCII, everything else escaped (T23)."""
    if value.isascii() and value.isprintable():
        return value
    return value.encode("unicode_escape").decode("ascii").replace("\r", "").replace("\n", "")
