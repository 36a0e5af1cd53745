"""One reply on its way to the client: bytes into frames, frames counted and handed on.

While a stream flows (its head is sent, the client reads, nobody else writes), each piece goes on in the very callback
that brought it. Whatever is not that simple is left to the call's own task, which else only waits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic_ns
from typing import TYPE_CHECKING

from hearth.problems import TimedOut

if TYPE_CHECKING:
    from hearth.dialects.dialect import ReplyReader
    from hearth.events import Frame
    from hearth.outbound.meter import Meter
    from hearth.outbound.reply import Reply
    from hearth.outbound.upstream import Sink

Watcher = Callable[[Sequence["Frame"]], None]


class Relay:
    """Hands one reply on. Use `run` once."""

    def __init__(self, reply: Reply, reader: ReplyReader, meter: Meter, sink: Sink, watch: Watcher | None) -> None:
        """`watch` sees all frames before they are handed on."""
        self._reply = reply
        self._reader = reader
        self._meter = meter
        self._sink = sink
        self._watch = watch
        self._when_whole: Callable[[], None] | None = None
        self._over = False
        self._error: BaseException | None = None
        self._began_ns = monotonic_ns()

    async def run(self, when_whole: Callable[[], None] | None) -> None:
        """Hand on all of the reply; `when_whole` is called before frames that turn out to be one whole body.

        Raises the `Problem` that ended it, or `ConnectionError` for a client that left.
        """
        self._when_whole = when_whole
        reply, reader = self._reply, self._reader
        reply.taker = self
        try:
            while True:
                data = reply.at_hand() or await reply.read_chunk()
                if self._over:  # meanwhile, in the callback
                    break
                frames = reader.feed(data) if data else reader.close()
                self._meter.bytes_in += len(data)
                meaningful = bool(frames) and await self._hand_on(frames)
                if not data or reader.finished:
                    break
                if not meaningful:
                    self._await_words(monotonic_ns())
        finally:
            reply.taker = None
        if self._error is not None:
            raise self._error

    def _await_words(self, now_ns: int) -> None:
        """Let signs of life stand in for words only so long: their sender may be alive, and the model behind it not."""
        meter, limits = self._meter, self._reply.limits
        if limits.strict and not meter.first_ns and not self._reader.whole:
            self._reply.begun = False  # the time to the first token still runs
        silent_s = (now_ns - (meter.last_ns or self._began_ns)) / 1e9
        if silent_s > limits.life:
            raise TimedOut(f"sent signs of life for {silent_s:.0f} s, and no word.", who=self._reply.who)

    async def _hand_on(self, frames: Sequence[Frame]) -> bool:
        meter, sink = self._meter, self._sink
        if self._reader.whole and self._when_whole is not None:
            self._when_whole()
        if self._watch is not None:
            self._watch(frames)
        meaningful = meter.see(frames, monotonic_ns())
        if meter.failed is not None and not sink.committed and not meaningful:
            raise meter.failed
        await sink.take(frames, meaningful=meaningful)
        if meter.failed is not None:
            raise meter.failed
        return meaningful

    def ready(self) -> bool:
        """Say whether the stream flows."""
        return self._sink.flowing

    def take(self, data: bytes) -> None:
        """Hand on a piece in the callback that brought it; never raises."""
        reader, meter = self._reader, self._meter
        try:
            frames = reader.feed(data)
            meter.bytes_in += len(data)
            now_ns, meaningful = monotonic_ns(), False
            if frames:
                if self._watch is not None:
                    self._watch(frames)
                meaningful = meter.see(frames, now_ns)
                self._sink.send(frames)
                self._error = meter.failed
            if not meaningful:
                self._await_words(now_ns)
        except Exception as error:  # noqa: BLE001 -- it is raised where the call is answered
            self._error = error
        if self._error is not None or reader.finished:
            self._over = True
            self._reply.release()
