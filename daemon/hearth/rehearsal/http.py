"""A small HTTP/1.1 server side over asyncio and httptools: requests in, whole; raw bytes out, through nobody else."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol, cast

import httptools
import msgspec

HeaderList = list[tuple[str, str]]
BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
)
REASONS = {
    100: "Continue", 103: "Early Hints", 200: "OK", 201: "Created", 204: "No Content", 301: "Moved Permanently",
    302: "Found", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized",
    402: "Payment Required", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    413: "Request Entity Too Large", 422: "Unprocessable Entity", 429: "Too Many Requests",
    500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


class Failure(Exception):
    """An answer that failed; in the middle of a stream its words go out in the server's own form."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Refused(Exception):
    """An answer that says no: its status, and its words, which go out in the server's own form."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Request(msgspec.Struct, frozen=True):
    """One request as it came: `target` is the raw request target, `headers` keep order and case."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    keep_alive: bool = True

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def header(self, name: str) -> str:
        """The first value of a header, or ""."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def members(self, refused: Refused) -> dict[str, Any]:
        """The members of the body's JSON object. Raises the refusal given where it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            raise refused from None


class Reply:
    """What a route answers: a status, headers in order, and a body that is bytes or a stream of objects.

    `broken` writes an error in the server's own form for the middle of this body; `released` is called once the
    reply is over, however it ended. `dated` adds a Date after the headers, as Go does; `tail` follows the framing
    header. `closes` ends the connection after the reply, announced if `says_close`; `wait` is how many seconds the
    words of a whole reply take; `chunked` frames even a whole body in chunks. `counted` gives the tokens, in and out,
    that the reply has told of.
    """

    def __init__(  # noqa: PLR0913 - a reply has this many independent sides, all but three with a default
        self,
        status: int,
        headers: HeaderList,
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        broken: Callable[[str], bytes] | None = None,
        released: Callable[[], None] | None = None,
        dated: bool = True,
        tail: HeaderList | None = None,
        closes: bool = False,
        chunked: bool = False,
        says_close: bool = True,
        counted: Callable[[], tuple[int, int] | None] | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.broken = broken
        self.released = released
        self.dated = dated
        self.tail = tail or []
        self.closes = closes
        self.chunked = chunked
        self.says_close = says_close
        self.counted = counted
        self.wait = 0.0


class Host(Protocol):
    """What a connection needs of the server behind it."""

    def connected(self, connection: Connection) -> None:
        """A connection was accepted."""

    def disconnected(self, connection: Connection) -> None:
        """A connection is gone."""

    async def serve(self, connection: Connection, request: Request) -> bool:
        """Answer one request; False closes the connection."""


class Connection(asyncio.Protocol):
    """One client connection: parses requests, hands them over one after another, writes what it is given."""

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self.number = number
        self.sent = 0
        self.gone = asyncio.Event()
        self.gone_at = 0.0
        self.ours = False
        self._deaf = False
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._target = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is there."""
        self._transport = cast("asyncio.Transport", transport)
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host.connected(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request came."""
        if self._deaf:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.close()
        except httptools.HttpParserError:
            self.write(BAD_REQUEST)
            self.close()

    def connection_lost(self, _: Exception | None) -> None:
        """The client is gone: what was being answered stops."""
        self.gone_at = time.monotonic()
        self.gone.set()
        self._writable.set()
        self.host.disconnected(self)
        if self._task is not None:
            self._task.cancel()

    def pause_writing(self) -> None:
        """The client reads more slowly than we write."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The client caught up."""
        self._writable.set()

    # What httptools calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._target, self._headers, self._body = b"", [], []

    def on_url(self, url: bytes) -> None:
        """A piece of the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, as it was sent."""
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is there; a client that asks may send the body."""
        if any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in self._headers):
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """A piece of the body, without chunk framing."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        request = Request(
            self._parser.get_method().decode(),
            self._target.decode("latin-1"),
            tuple(self._headers),
            b"".join(self._body),
            self._parser.should_keep_alive(),
        )
        self._waiting.append(request)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._answer())

    # What the server uses.

    def write(self, data: bytes) -> None:
        """Write bytes to the client."""
        if self._transport is not None and not self._transport.is_closing():
            self.sent += len(data)
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has room, and let others run."""
        await asyncio.sleep(0)
        await self._writable.wait()

    def stop_reading(self) -> None:
        """Never read from this client."""
        self._deaf = True
        if self._transport is not None:  # soon, because uvloop begins to read only after connection_made
            asyncio.get_running_loop().call_soon(self._transport.pause_reading)

    def close(self) -> None:
        """End the connection after what was written (FIN)."""
        self.ours = True
        if self._transport is not None:
            self._transport.close()

    def close_now(self) -> None:
        """Drop the connection and what was not sent yet."""
        self.ours = True
        if self._transport is not None:
            self._transport.abort()

    def abort(self) -> None:
        """End the connection by a reset (RST)."""
        self.ours = True
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    async def _answer(self) -> None:
        while self._waiting and not self.gone.is_set():
            if not await self.host.serve(self, self._waiting.popleft()):
                self.close()
                return
