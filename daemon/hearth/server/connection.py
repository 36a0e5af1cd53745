"""One client connection: aiohttp's, with a deadline for request heads and a place to remember who the peer is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from hearth.senses.callers import Peer
from hearth.server.guard import Door

HEAD_S = 10.0
"""How long a request's head may take, from the connection's or the head's first byte (F25)."""
KEEP_ALIVE_S = 75.0
MAX_CONNECTIONS = 4096
"""A listener's most; one more is closed at once (F27).

Far above what 1,000 streams need, far below what memory holds.
"""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Connection(RequestHandler):
    """A connection that came in by `door`; `peer` is filled by the first request on it."""

    def __init__(self, manager: Listener, **kwargs: Any) -> None:  # noqa: ANN401 -- handed through to aiohttp
        """Remember the listener for its door."""
        super().__init__(manager, **kwargs)
        self.door = manager.door
        self.peer: Peer | None = None
        self.process: tuple[int, str] | None = None
        self.process_known = False
        self.head_since = monotonic()

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and note since when a head is incomplete."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self.head_since = 0.0
        elif not self.head_since and self._waiter is not None:
            self.head_since = monotonic()
            if isinstance(self._manager, Listener):
                self._manager.watch_heads()

    def late(self, now: float) -> bool:
        """Whether a head has been on its way for too long."""
        return bool(self.head_since) and self._current_request is None and now - self.head_since > HEAD_S


class Listener(web.Server):
    """Makes the connections of one door, and closes those whose head does not arrive."""

    def __init__(self, handler: Handler, door: Door, body_limit: int) -> None:
        """`handler` answers every request that comes in by `door`; bodies over the limit are refused by its reader."""
        super().__init__(handler, handler_cancellation=True)
        self.door = door
        self._options = {
            "access_log": None,
            "keepalive_timeout": KEEP_ALIVE_S,
            "max_line_size": 16384,
            "max_field_size": 16384,
            "lingering_time": 2.0,
            "auto_decompress": False,
        }
        self.body_limit = body_limit
        self._sweeper: asyncio.TimerHandle | None = None

    def __call__(self) -> RequestHandler:
        """Return a new connection."""
        self.watch_heads()
        return Connection(self, loop=self._loop, **self._options)

    def watch_heads(self) -> None:
        """Look after heads that are on their way, as long as there are any."""
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(HEAD_S / 4, self._sweep)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count the connection; one too many is closed."""
        super().connection_made(handler, transport)
        if len(self._connections) > MAX_CONNECTIONS:
            transport.abort()

    def _sweep(self) -> None:
        """Close connections whose head is late; runs only while there are connections whose head is awaited."""
        self._sweeper = None
        now = monotonic()
        waiting = False
        for connection in self.connections:
            if not isinstance(connection, Connection):
                continue
            if connection.late(now):
                connection.force_close()
            elif connection.head_since:
                waiting = True
        if waiting:
            self._sweeper = self._loop.call_later(HEAD_S / 4, self._sweep)

    def stop_sweeping(self) -> None:
        """Let go of the timer: the listener closes."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
