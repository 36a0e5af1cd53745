"""One client connection, and what came back on it; it notes when bytes were read, and looks at nothing else."""

import asyncio
import time
from collections.abc import Callable
from typing import cast

import httptools
import msgspec


class Exchange(msgspec.Struct):
    """One request and what came back: `pieces` of the body, each with the time of its read (monotonic ns)."""

    start: int = 0
    end: int = 0
    status: int = 0
    pieces: list[tuple[int, bytes]] = msgspec.field(default_factory=list)
    error: str = ""

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(data for _, data in self.pieces)


class Client(asyncio.Protocol):
    """One kept-alive connection. `answered` is called with each exchange that has ended, well or not."""

    def __init__(self, answered: Callable[["Client", Exchange], None]) -> None:
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._read_at = 0

    @property
    def connected(self) -> bool:
        """Whether it can ask."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def ask(self, request: bytes) -> None:
        """Send one whole HTTP request; the clock starts just before."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._exchange = Exchange(start=time.monotonic_ns())
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the time first, then parse."""
        self._read_at = time.monotonic_ns()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(f"not an HTTP reply: {error}")
            self.close()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        if self._exchange:
            self._exchange.pieces.append((self._read_at, body))

    def on_message_complete(self) -> None:
        """The reply is whole; a server that will not keep the connection gets it closed."""
        if self._exchange:
            self._exchange.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        self._end("")

    def connection_lost(self, _error: Exception | None) -> None:
        """Whatever was under way is cut."""
        self._transport = None
        self._end("connection closed in the middle of a reply")

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()

    def _end(self, error: str) -> None:
        exchange, self._exchange = self._exchange, None
        if exchange:
            exchange.end, exchange.error = self._read_at, error
            self._answered(self, exchange)
