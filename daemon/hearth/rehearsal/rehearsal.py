"""The rehearsal itself: a listener, a part to play, faults to produce, and a record of every call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from hearth.rehearsal import anthropic, cohere, gemini, ollama, openai, replicate
from hearth.rehearsal.calls import Call, Watch
from hearth.rehearsal.engine import Engine, Load
from hearth.rehearsal.faults import Fault, FaultQueue
from hearth.rehearsal.http import Connection, Reply, Request
from hearth.rehearsal.key_limits import KeyBook, KeyLimits, key_of
from hearth.rehearsal.pauses import Pauses
from hearth.rehearsal.refusals import refused
from hearth.rehearsal.script import Script, with_tag
from hearth.rehearsal.wire import Writer

HOST = "127.0.0.1"
INFERENCE = (
    "/chat",
    "/generate",
    "/completions",
    "/embed",
    "/embeddings",
    "/responses",
    "/messages",
    "/infill",
    "/predictions",
    ":generateContent",
    ":streamGenerateContent",
    ":batchEmbedContents",
    ":embedContent",
    ":predict",
)

_PLAYED: dict[str, Callable[[Script, Request], Reply]] = {
    "anthropic": anthropic.answer,
    "cohere": cohere.answer,
    "gemini": gemini.answer,
    "openai": openai.answer,
}
"""The providers that remember nothing from one request to the next."""


class Rehearsal:
    """A scripted server on loopback (`port`; 0 finds one) or on a Unix socket (`path`).

    `async with Rehearsal(script) as r:` or `await r.start()` … `await r.stop()`, as often as you like: the port stays.
    `r.url` is where it listens. `r.calls` holds every request unless `record` is false (for a stand-in that runs for
    days); `r.panics` holds what went wrong in the rehearsal itself and was answered with an empty 500.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        port: int = 0,
        path: Path | None = None,
        record: bool = True,
    ) -> None:
        self.script = script or Script()
        self.port = port
        self.path = path
        self.record = record
        self.calls: list[Call] = []
        self.panics: list[Exception] = []
        self.connections = 0
        self._watch = Watch()
        self.engine = Engine(self.script, self._watch.notify)
        self._predictions = replicate.Predictions()
        self.pauses = Pauses()
        self._faults = FaultQueue()
        self._limits = KeyLimits()
        self._open: set[Connection] = set()
        self._idle: dict[Connection, asyncio.TimerHandle] = {}
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        if self.path is not None:
            self._server = await loop.create_unix_server(self._accept, str(self.path))
            return
        self._server = await loop.create_server(self._accept, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._open):
            connection.close_now()
        self.engine.close()
        await asyncio.sleep(0)
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, or `unix:PATH`."""
        if self.path is not None:
            return f"unix:{self.path}"
        return f"http://{HOST}:{self.port}"

    @property
    def loads(self) -> list[Load]:
        """Every load of a model since the start, killed ones included."""
        return self.engine.loads

    @property
    def reloads(self) -> int:
        """How often a loaded model was loaded again because its options changed."""
        return self.engine.reloads

    @property
    def books(self) -> dict[str, KeyBook]:
        """What came with each key that has a limit."""
        return self._limits.books

    def rescript(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of Script
        """Change the part while it is played; new `models` replace what is installed, and what was loaded is gone."""
        self.script = msgspec.structs.replace(self.script, **changes)
        self.engine.rescript(self.script, models="models" in changes)

    def next(self, *faults: Fault, path: str | None = None, model: str | None = None, times: int = 1) -> None:
        """Let the next matching requests go wrong, one fault each, in this order (`times` each; -1: always).

        Without `path` only requests for inference match, so that a probe does not use a fault up; a path matches by
        its end ("/api/tags"), "*" matches anything. `model` is the name in the body; `m`, `m:latest` and
        `m:latest:local` are one.
        """
        for fault in faults:
            self._faults.add(fault, _matcher(path, model), times)

    def when(self, match: Callable[[Request], bool], fault: Fault, times: int = -1) -> None:
        """Let every request for which `match` is true go wrong."""
        self._faults.add(fault, match, times)

    def clear(self) -> None:
        """Forget planned faults."""
        self._faults.clear()

    async def wait_for_call(self, count: int = 1, timeout: float = 10.0, *, path: str = "") -> Call:
        """The `count`-th call (whose path ends in `path`), as soon as it has arrived. Raises TimeoutError."""

        def found() -> Call | None:
            matching = [call for call in self.calls if call.path.endswith(path)]
            return matching[count - 1] if len(matching) >= count else None

        return await self._watch.until(found, timeout)

    async def wait_for_hangup(self, timeout: float = 10.0, count: int = 1) -> Call:
        """The `count`-th call that its client left, as soon as it did. Raises TimeoutError."""

        def found() -> Call | None:
            left = [call for call in self.calls if call.hung_up_at is not None]
            return left[count - 1] if len(left) >= count else None

        return await self._watch.until(found, timeout)

    async def wait_for_load(self, count: int = 1, timeout: float = 60.0) -> Load:
        """The `count`-th load that became whole. Raises TimeoutError."""

        def found() -> Load | None:
            whole = [load for load in self.loads if load.ended is not None]
            return whole[count - 1] if len(whole) >= count else None

        return await self._watch.until(found, timeout)

    # What the connections call.

    def _accept(self) -> Connection:
        self.connections += 1
        return Connection(self, self.connections)

    def connected(self, connection: Connection) -> None:
        """A client has come; perhaps it shall never be read."""
        self._open.add(connection)
        if self._faults.take_deaf():
            connection.stop_reading()
        elif self.script.idle_close:
            self._close_later(connection, self.script.idle_close)
        self._watch.notify()

    def disconnected(self, connection: Connection) -> None:
        """A client is gone."""
        self._open.discard(connection)
        timer = self._idle.pop(connection, None)
        if timer is not None:
            timer.cancel()
        self._watch.notify()

    async def serve(self, connection: Connection, request: Request) -> bool:
        """Record one request, answer it under its fault, and note how that ended."""
        timer = self._idle.pop(connection, None)
        if timer is not None:
            timer.cancel()
        call = Call(request.method, request.target, request.headers, request.body, time.monotonic(), connection.number)
        if self.record:
            self.calls.append(call)
        self._watch.notify()
        before, fault = connection.sent, self._faults.take(request)
        writer = Writer(connection, fault, self.pauses)
        try:
            alive = await self._exchange(writer, request, call)
        finally:
            call.bytes_sent = connection.sent - before
            call.finished_at = time.monotonic()
            if connection.gone.is_set() and not connection.ours and not writer.complete:
                call.hung_up_at = connection.gone_at
            self._watch.notify()
        if alive and fault.close_after is not None:
            self._close_later(connection, fault.close_after)
        elif alive and self.script.idle_close:
            self._close_later(connection, self.script.idle_close)
        return alive and request.keep_alive

    async def _exchange(self, writer: Writer, request: Request, call: Call) -> bool:
        fault = writer.fault
        if fault.silent:
            await writer.connection.gone.wait()
            return False
        await self.pauses.take(fault.delay)
        await writer.interim()
        if fault.raw is not None:
            await writer.raw(fault.raw)
            return False
        reply = refused(self.script, fault, request) if fault.status else await self._within_limits(request)
        if isinstance(reply.body, bytes) and fault.error_after is not None and not fault.status:
            reply = refused(self.script, msgspec.structs.replace(fault, status=500), request)
        reply.closes = reply.closes or not request.keep_alive
        call.status = reply.status
        try:
            return await writer.write(reply, head_only=request.method == "HEAD")
        finally:
            if writer.complete and reply.counted is not None:
                call.tokens = reply.counted()
            if reply.released is not None:
                reply.released()

    async def _within_limits(self, request: Request) -> Reply:
        valid = not self.script.keys or key_of(request) in self.script.keys
        if not self.script.limits or not valid or not request.path.endswith(INFERENCE):
            return await self._answer(request)
        over, headers = self._limits.judge(self.script.limits, request)
        if over:
            said = "Rate limit reached for this key."
            return refused(self.script, Fault(status=429, message=said, headers=tuple(headers)), request)
        reply = await self._answer(request)
        reply.headers = [*reply.headers, *headers]
        return reply

    async def _answer(self, request: Request) -> Reply:
        try:
            if self.script.kind == "ollama":
                return await ollama.answer(self.engine, request)
            if self.script.kind == "replicate":
                return self._predictions.answer(self.script, request)
            return _PLAYED[self.script.kind](self.script, request)
        except Exception as error:  # noqa: BLE001 - as a panic in a Go server: 500, no body; the test can ask why
            self.panics.append(error)
            return Reply(500, [])

    def _close_later(self, connection: Connection, seconds: float) -> None:
        self._idle[connection] = asyncio.get_running_loop().call_later(seconds, connection.close)


def _matcher(path: str | None, model: str | None) -> Callable[[Request], bool]:
    def match(request: Request) -> bool:
        fits = request.path.endswith(INFERENCE) if path is None else path == "*" or request.path.endswith(path)
        return fits and (model is None or with_tag(model) == _model_of(request.body))

    return match


def _model_of(body: bytes) -> str | None:
    try:
        return with_tag(msgspec.json.decode(body, type=_Named).model.removesuffix(":local"))
    except msgspec.DecodeError:
        return None


class _Named(msgspec.Struct):
    model: str = ""
