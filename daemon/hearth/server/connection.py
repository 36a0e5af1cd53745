"""One client connection: aiohttp's, with a deadline for request heads and a place to remember who the peer is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp.http_writer import StreamWriter
from aiohttp.web_protocol import _PAYLOAD_ACCESS_ERROR, ERROR, RequestHandler, _ErrInfo
from msgspec import Struct

from hearth.problems import BadRequest
from hearth.senses.callers import Peer
from hearth.server import web

if TYPE_CHECKING:
    from aiohttp.http_parser import RawRequestMessage
    from aiohttp.streams import StreamReader

    from hearth.server.listener import Listener

NO_HTTP = "What arrived is not an HTTP request that Hearth can read. It speaks plain HTTP/1.1, without TLS."
BROKEN_BODY = "The body broke off: its chunks are not what HTTP says they are."

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


class Connection(RequestHandler):
    """A connection that came in by `door`; `peer` is filled by the first request on it."""

    def __init__(self, manager: Listener, **kwargs: Any) -> None:  # noqa: ANN401 -- handed through to aiohttp
        """Remember the listener for its door."""
        super().__init__(manager, **kwargs)
        self.door = manager.door
        self._watch_heads = manager.watch_heads
        self.patience = manager.patience
        self.heavy = manager.heavy
        self.peer: Peer | None = None
        self.process: tuple[int, str] | None = None
        self.process_known = False
        self.head_since = monotonic()

    async def start(self) -> None:
        """Answer the requests of this connection one after the other, all in its one task.

        aiohttp's own way makes a task a request, so that context variables are the request's own. Hearth has none, and
        would pay for each task with two rounds of the loop.
        """
        try:
            while not self._force_close:
                if not self._messages:
                    await self._arrival()
                if not await self._serve(*self._messages.popleft()):
                    break
        except asyncio.CancelledError:
            self.force_close()
            raise
        except Exception:
            log.exception("a connection failed inside Hearth")
            self.force_close()
        if not self._force_close:
            self._task_handler = None
            if self.transport is not None:
                self.transport.close()

    async def _arrival(self) -> None:
        """Wait for a request. Cancelled when the connection closes."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    async def _serve(self, message: RawRequestMessage | _ErrInfo, body: StreamReader) -> bool:
        """Answer one request. Returns whether another one may follow it on this connection."""
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        handler = self._request_handler
        if isinstance(message, _ErrInfo):
            handler, message = self._make_error_handler(message), ERROR
        task = self._task_handler or asyncio.current_task()
        if handler is None or task is None:
            return False
        request = web.Request(message, body, self, StreamWriter(self, self._loop), task, self._loop)
        try:
            response = await self._answer(request, handler)
        except ConnectionError:
            return False
        finally:
            request.forget_task()
        if response is None:
            return False
        if not body.is_eof():
            await self._linger(body)
        return self._stays_open(keep_alive=bool(response.keep_alive))

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse | None:
        """Answer a request; None when the client has gone.

        A response that has `sent` itself, as those of `server.direct` do, is all there is to do.
        """
        self._current_request, self._request_in_progress = request, True
        try:
            response = await handler(request)
            if getattr(response, "sent", False) and not self._upgraded:
                return response
            self._current_request = None
            response, gone = await self.finish_response(request, response, None)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:  # noqa: BLE001 -- it is logged there
            self.handle_error(request, 500, error)
            return None
        finally:
            self._current_request, self._request_in_progress = None, False
            if self._handler_waiter is not None:
                self._handler_waiter.set_result(None)
        return None if gone else response

    async def _linger(self, body: StreamReader) -> None:
        """Read on for a while what nobody wanted of a body: to close at once could lose the answer on its way."""
        if not self._force_close and self._lingering_time:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lingering_time):
                    while not body.is_eof():
                        await body.readany()
        if not body.is_eof() and not self._force_close:
            self.close()
        body.set_exception(_PAYLOAD_ACCESS_ERROR)

    def _stays_open(self, *, keep_alive: bool) -> bool:
        self._keepalive = keep_alive
        if not keep_alive or self._close or self._force_close:
            return False
        self._next_keepalive_close_time = close_at = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(close_at, self._process_keepalive)
        return True

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
            self._watch_heads()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 -- aiohttp's signature
        """Read on after a pause; aiohttp asks for that twice a request, though nothing was paused."""
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

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
