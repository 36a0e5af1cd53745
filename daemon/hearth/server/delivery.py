"""The client's side of one call: what has been sent, the commit point, heartbeats, and an honest end.

Frames are held back until the first meaningful one, so that until then any target may be swapped unseen (design §2.5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from time import monotonic, monotonic_ns, time_ns
from typing import TYPE_CHECKING

from hearth.cache.replay import REASON
from hearth.dialects.dialect import ReplyWriter, Served, Stamp
from hearth.dialects.optional import Identifies
from hearth.events import Event, Failed, Frame, ThinkingDelta
from hearth.outbound.noting import cost_of, in_digits
from hearth.problems import BrokenReply, Forbidden, Problem
from hearth.server import web
from hearth.server.connection import patience_of
from hearth.server.direct import StreamReply, WholeReply, lines_of, safe

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.outbound.upstream import Upstream

HELD_LIMIT = 4 * 1024 * 1024
_SSE = "text/event-stream"
_UNSAID = (Failed,)
_HIDDEN = (Failed, ThinkingDelta)


class Delivery:
    """Sends one reply. It is the `Sink` of the call's attempts."""

    committed = False
    status = 0
    first_byte_ns = 0
    planned_ns = 0
    """time.monotonic_ns() when the plan was made: what lies between it and the attempt was spent waiting."""
    own_words = False
    """Set when the frames are ours, not an attempt's: they are encoded, never passed on raw."""
    response: web.StreamResponse | None = None
    streams: Callable[[str], StreamReply] = StreamReply
    _stream: StreamReply | None = None
    _writer: ReplyWriter | None = None
    _attempt: Upstream | None = None
    _held_bytes = 0
    _overhead_ms: float | None = None
    _begun = False
    _error_sent = False
    _writing = False
    _timer: asyncio.TimerHandle | None = None
    _beating: asyncio.Task[None] | None = None

    def __init__(self, request: web.BaseRequest, call: Call, served: Served, cors: Mapping[str, str]) -> None:
        """Nothing is sent before the first meaningful frame or the first heartbeat."""
        self.request = request
        self._call = call
        self._served = served
        self._cors = cors
        self._held: list[Frame] = []
        self._unsaid = _HIDDEN if call.outline.wishes.thinking == "hide" else _UNSAID
        self._last_write = monotonic()
        self._heartbeat_s = patience_of(request.protocol).heartbeat_s
        if call.outline.stream:
            self._timer = asyncio.get_running_loop().call_later(self._heartbeat_s, self._tick)

    def begin(self, attempt: Upstream) -> None:
        """Take what follows from this attempt; what an earlier one left unsent is forgotten."""
        self._attempt = attempt
        self._held.clear()
        self._held_bytes = 0
        if not self._begun or not attempt.passthrough:
            self._writer = None

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        """Send frames on, or hold them until one means something. Raises `ConnectionError` when the client has gone."""
        if not self._call.outline.stream:
            self._held.extend(frames)
            self.committed = self.committed or meaningful
            return
        if self.committed:
            await self._send(frames)
            return
        self._held.extend(frames)
        self._held_bytes += sum(len(frame.raw) for frame in frames)
        if meaningful or self._held_bytes > HELD_LIMIT:
            await self._commit()

    @property
    def flowing(self) -> bool:
        """Whether the stream is under way and its client reads."""
        stream = self._stream
        return stream is not None and self.committed and not self._writing and stream.flows

    def send(self, frames: Sequence[Frame]) -> None:
        """Send frames on while it flows. Raises `ConnectionError` when the client has gone."""
        data = self._encode(frames)
        if data and self._stream is not None:
            self._last_write = monotonic()
            self._stream.write_at_once(data)

    async def _commit(self) -> None:
        """From here on the target stays: the head goes out with everything held back."""
        self.committed = True
        held, self._held = self._held, []
        await self._send(held)

    async def _send(self, frames: Sequence[Frame]) -> None:
        data = self._encode(frames)
        if data:
            await self._write(data)

    def _encode(self, frames: Sequence[Frame]) -> bytes:
        attempt = self._attempt
        if attempt is not None and attempt.passthrough and not self.own_words:
            if attempt.meter.failed is not None:
                frames = self._up_to_failure(frames)
            return frames[0].raw if len(frames) == 1 else b"".join([frame.raw for frame in frames])
        events = [event for frame in frames for event in frame.events if type(event) not in self._unsaid]
        return self.writer.stream(events) if events else b""

    def _up_to_failure(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """Return the frames with the provider's own error as the last; one that we found broken is left out."""
        for place, frame in enumerate(frames):
            last = frame.events[-1] if frame.events else None
            if isinstance(last, Failed) and frame.raw:
                self._error_sent = not isinstance(last.problem, BrokenReply | Forbidden)
                return frames[: place + self._error_sent]
        return frames

    @property
    def writer(self) -> ReplyWriter:
        """The writer of this reply, made when it is first needed."""
        if self._writer is None:
            call = self._call
            self._writer = self._served.writer(
                call.outline, Stamp(call.id, call.outline.model or self._target_model(), time_ns())
            )
        return self._writer

    def _target_model(self) -> str:
        return self._attempt.candidate.target.model if self._attempt is not None else ""

    async def _write(self, data: bytes) -> None:
        response = self.response
        if response is None:
            response = await self._open()
        self._writing = True
        self._last_write = monotonic()
        try:
            await response.write(data)
        finally:
            self._writing = False

    async def _open(self) -> web.StreamResponse:
        """Send the head of a stream."""
        response = self.response = self._stream = self.streams(self._lines())
        self.status = 200
        self.first_byte_ns = monotonic_ns()
        await response.prepare(self.request)
        return response

    def _lines(self) -> str:
        attempt = None if self._begun else self._attempt  # a head sent before anything meant something is nobody's yet
        passthrough = attempt is not None and attempt.passthrough and attempt.head is not None
        content_type = attempt.head.get("Content-Type") if passthrough and attempt and attempt.head else ""
        lines = _described(content_type or self.writer.content_type, stream=self._call.outline.stream)
        if attempt is not None:
            lines += self._facts(attempt)
        if self._cors:
            lines += lines_of(self._cors)
        return f"{lines}X-Hearth-Id: {self._call.id}\r\n"

    def _facts(self, attempt: Upstream) -> str:
        """What happened so far, for a person who looks at the head (design §8)."""
        target = attempt.candidate.target
        answered_by = _answered_by(target.name, target.place, attempt.reason, attempt.number)
        return f"{answered_by}X-Hearth-Overhead-Ms: {self.overhead_ms():.3f}\r\n"

    def overhead_ms(self) -> float:
        """Our own time before the first byte to the client: what others kept us waiting for is left out."""
        attempt = self._attempt
        if self._overhead_ms is not None:
            return self._overhead_ms
        until = self.first_byte_ns or monotonic_ns()
        ours = until - self._call.received_ns
        if attempt is not None:
            ours -= attempt.started_ns - self.planned_ns
            ours -= (attempt.meter.first_ns or until) - attempt.sent_ns if attempt.sent_ns else 0
        overhead_ms = max(ours, 0) / 1e6
        if self.first_byte_ns:
            self._overhead_ms = overhead_ms  # it grows no more
        return overhead_ms

    def _tick(self) -> None:
        """Send a sign of life after a silence, in dialects that have a form for it."""
        silent, most = monotonic() - self._last_write, self._heartbeat_s
        if silent + 0.01 >= most and not self._writing and self._beating is None and self.writer.heartbeat:
            self._begun = True
            self._beating = asyncio.ensure_future(self._beat())
        wait = max(most - silent, most / 15) if silent < most else most
        self._timer = asyncio.get_running_loop().call_later(wait, self._tick)

    async def _beat(self) -> None:
        try:
            await self._write(self.writer.heartbeat)
        except ConnectionError:
            pass
        finally:
            self._beating = None

    async def finish(self) -> web.StreamResponse:
        """End a stream well and return it."""
        self._stop_timer()
        if self._held:
            await self._commit()
        return self.response if self.response is not None else await self._open()

    def whole(self) -> WholeReply:
        """Return the reply to a call that did not ask for a stream."""
        attempt = self._attempt
        if attempt is not None and attempt.passthrough and not self.own_words:
            body = b"".join([frame.raw for frame in self._held])
        else:
            events: list[Event] = [e for frame in self._held for e in frame.events if type(e) not in self._unsaid]
            body = self.writer.whole(events)
        self.status = 200
        self.first_byte_ns = monotonic_ns()
        return WholeReply(200, self._lines() + self._costs(attempt), body)

    def tell(self, body: bytes, more: Mapping[str, str] | None = None) -> web.StreamResponse:
        """Return a whole reply in JSON that no writer makes: a count, not an answer."""
        self._stop_timer()
        self.status = 200
        self.first_byte_ns = monotonic_ns()
        headers = {"Content-Type": "application/json", "X-Hearth-Id": self._call.id, **(more or {}), **self._cors}
        facts = self._facts(self._attempt) if self._attempt is not None else ""
        return WholeReply(200, lines_of(headers) + facts, body)

    def _costs(self, attempt: Upstream | None) -> str:
        if attempt is None:
            return ""
        cost = cost_of(attempt)
        return "X-Hearth-Cost: unknown\r\n" if cost is None else f"X-Hearth-Cost: {in_digits(cost.amount)}\r\n"

    async def fail(self, problem: Problem) -> web.StreamResponse:
        """End the reply in an error: a real one while no head was sent, else in-band, and never a clean end."""
        self._stop_timer()
        if self.response is None:
            return self.refuse(problem)
        attempt = self._attempt
        if attempt is None or not self._error_sent:
            await self._write(self.writer.failed(problem))
        return self.response

    def refuse(self, problem: Problem) -> web.StreamResponse:
        """Return a whole error reply."""
        rendered = self._served.problem(problem, route=self._call.outline.route)
        if isinstance(self._served, Identifies):
            rendered = self._served.identified(rendered, self._call.id)
        self.status = rendered.status
        self.first_byte_ns = monotonic_ns()
        lines = lines_of({**dict(rendered.headers), "X-Hearth-Id": self._call.id, **self._cors})
        if self._attempt is not None:
            lines += self._facts(self._attempt)
        return WholeReply(rendered.status, lines, rendered.body)

    def close(self) -> None:
        """Let go of the timer, whatever happened."""
        self._stop_timer()
        if self._beating is not None:
            self._beating.cancel()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


@lru_cache(maxsize=256)
def _described(content_type: str, *, stream: bool) -> str:
    """The lines that say what kind of body follows; most replies are of a few kinds."""
    lines = f"Content-Type: {safe(content_type)}\r\n"
    if stream and content_type.startswith(_SSE):
        lines += "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n"
    return lines


@lru_cache(maxsize=1024)
def _answered_by(target: str, place: str, reason: str, number: int) -> str:
    """The lines that say who answers and why."""
    facts = {"X-Hearth-Target": safe(target), "X-Hearth-Place": place, "X-Hearth-Reason": reason}
    facts["X-Hearth-Attempts"] = str(number)
    if reason == REASON:
        facts["X-Hearth-Cache"] = "hit"
    return lines_of(facts)
