"""One client connection: aiohttp's, with a deadline for request heads and a place to remember who the peer is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import msgspec
from aiohttp.web_protocol import RequestHandler, _ErrInfo
from msgspec import Struct

from hearth.problems import BadRequest
from hearth.senses.callers import Peer
from hearth.server import web
from hearth.server.guard import Door
from hearth.server.heavy import HeavyBodies

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

NO_HTTP = "What arrived is not an HTTP request that Hearth can read. It speaks plain HTTP/1.1, without TLS."
BROKEN_BODY = "The body broke off: its chunks are not what HTTP says they are."

FLOOD_TOLD_S = 60.0
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
log = logging.getLogger("hearth.app")
_encode = msgspec.json.Encoder().encode
_JSON = {"Content-Type": "application/json; charset=utf-8"}


class Patience(Struct, frozen=True):
    """How long a client may take for what, in seconds, and how many may come."""

    head_s: float = 10.0
    """A request's head, from the connection's or the head's first byte (F25)."""
    body_s: float = 30.0
    """A body, and a second more for each MiB (F26)."""
    keep_alive_s: float = 75.0
    connections: int = 4096
    """A listener's most; one more is closed at once (F27): far above what 1,000 streams need, if the system allows."""
    heartbeat_s: float = 15.0
    """How long a stream may be silent before the client is sent a sign of life (design §4)."""
    stuck_reader_s: float = 120.0
    """How long a client may read nothing of what we send before it is taken for gone (F23)."""


class _OneTask:
    """The event loop as aiohttp's connection sees it: a request is answered in the connection's task, not in a new one.

    aiohttp makes a task a request so that context variables are the request's own. We have none, and pay for each task
    with two rounds of the loop. From Python 3.12 on a task begins at once, and aiohttp does not ask this loop for it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Hand on what else a connection asks of its loop."""
        self.time = loop.time
        self.call_at = loop.call_at
        self.create_future = loop.create_future

    @staticmethod
    def create_task(answering: Coroutine[Any, Any, Any]) -> Coroutine[Any, Any, Any]:
        """Return what is to be awaited."""
        return answering


class Connection(RequestHandler):
    """A connection that came in by `door`; `peer` is filled by the first request on it."""

    def __init__(self, manager: Listener, **kwargs: Any) -> None:  # noqa: ANN401 -- handed through to aiohttp
        """Remember the listener for its door."""
        super().__init__(manager, **kwargs)
        self.door = manager.door
        self.patience = manager.patience
        self.heavy = manager.heavy
        self.peer: Peer | None = None
        self.process: tuple[int, str] | None = None
        self.process_known = False
        self.head_since = monotonic()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, in a task for the whole connection."""
        super().connection_made(transport)
        self._loop = cast("asyncio.AbstractEventLoop", _OneTask(self._loop))

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and note since when a head is incomplete."""
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self.head_since = 0.0
            if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
                self._break_bodies()
        elif not self.head_since and self._waiter is not None:
            self.head_since = monotonic()
            if isinstance(self._manager, Listener):
                self._manager.watch_heads()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 -- aiohttp's signature
        """Read on after a pause; aiohttp asks for that twice a request, though nothing was paused."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    async def _handle_request(
        self, request: web.BaseRequest, start_time: float | None, request_handler: Handler
    ) -> tuple[web.StreamResponse, bool]:
        """Answer a request; a response that has `sent` itself, as those of `server.direct` do, is all there is to do.

        aiohttp's own way also looks for what `Application.handle` never raises or returns.
        """
        self._current_request, self._request_in_progress = request, True
        try:
            response = await request_handler(request)
            if getattr(response, "sent", False) and not self._upgraded:
                return response, False
            self._current_request = None
            return await self.finish_response(request, response, start_time)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 -- it is logged there
            return self.handle_error(request, 500, error), True
        finally:
            self._current_request, self._request_in_progress = None, False
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)

    def _break_bodies(self) -> None:
        """Tell whoever reads a body that the rest of it will never come, since what came instead is no HTTP (T23)."""
        reading = [self._current_request.content] if self._current_request is not None else []
        for body in [*reading, *(body for _, body in self._messages)]:
            if not body.is_eof():
                body.set_exception(BadRequest(BROKEN_BODY))
                self._lingering_time = 0.0

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002 -- aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 -- it quotes what was sent
    ) -> web.StreamResponse:
        """Answer what is no HTTP. Nothing of it is echoed or logged: it may hold what was said (F31).

        Raises `ConnectionError`, which ends the connection, for a client that has gone or a fault of ours.
        """
        if status != 400:
            if not isinstance(exc, ConnectionError):
                log.error("a request failed inside Hearth", exc_info=exc)
            raise ConnectionError from exc
        response = web.Response(status=status, body=_encode({"error": NO_HTTP}), headers=_JSON)
        response.force_close()
        return response

    def late(self, now: float) -> bool:
        """Whether a head has been on its way for too long."""
        started = self.head_since
        return bool(started) and self._current_request is None and now - started > self.patience.head_s


_PATIENCE = Patience()


def patience_of(protocol: RequestHandler) -> Patience:
    """Return what the client of a connection is given."""
    return protocol.patience if isinstance(protocol, Connection) else _PATIENCE


class Listener(web.Server):
    """Makes the connections of one door, and closes those whose head does not arrive."""

    def __init__(self, handler: Handler, door: Door, patience: Patience, heavy: HeavyBodies) -> None:
        """`handler` answers every request that comes in by `door`; how large a body may be is its business."""
        super().__init__(handler, request_factory=self._request, handler_cancellation=True)
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

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: asyncio.Task[None],
    ) -> web.Request:
        return web.Request(message, payload, protocol, writer, task, self._loop)

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
