"""One address that Hearth listens on: it makes connections, counts them, and closes those whose head does not come."""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import TYPE_CHECKING

from hearth.server import web
from hearth.server.connection import Connection, Handler, Patience

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

    from hearth.server.guard import Door
    from hearth.server.heavy import HeavyBodies

FLOOD_TOLD_S = 60.0
log = logging.getLogger("hearth.app")


class Listener(web.Server):
    """Makes the connections of one door, and closes those whose head does not arrive."""

    def __init__(self, handler: Handler, door: Door, patience: Patience, heavy: HeavyBodies) -> None:
        """`handler` answers every request that comes in by `door`; how large a body may be is its business."""
        super().__init__(handler, handler_cancellation=True)
        self.door = door
        self.patience = patience
        self.heavy = heavy
        self._options = {
            "access_log": None,
            "keepalive_timeout": patience.keep_alive_s,
            "max_line_size": 16384,
            "max_field_size": 16384,
            "lingering_time": 2.0,
            "auto_decompress": False,
        }
        self._sweeper: asyncio.TimerHandle | None = None
        self._tell_again = 0.0

    def __call__(self) -> RequestHandler:
        """Return a new connection."""
        self.watch_heads()
        return Connection(self, loop=self._loop, **self._options)

    def watch_heads(self) -> None:
        """Look after heads that are on their way, as long as there are any."""
        if self._sweeper is None:
            self._sweeper = self._loop.call_later(self.patience.head_s / 4, self._sweep)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Count the connection; one too many is closed."""
        super().connection_made(handler, transport)
        if len(self._connections) > self.patience.connections:
            transport.abort()
            self._tell_of_flood()

    def _tell_of_flood(self) -> None:
        """Say that there are too many, once a minute: a flood shall not flood the log as well (F32)."""
        now = monotonic()
        if now >= self._tell_again:
            self._tell_again = now + FLOOD_TOLD_S
            where = f"{self.door.address} port {self.door.port}" if self.door.port else "the Unix socket"
            log.warning("%d connections at once on %s: more are refused", self.patience.connections, where)

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
            self.watch_heads()

    def stop_sweeping(self) -> None:
        """Let go of the timer: the listener closes."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
