"""One HTTP/1.1 connection to a provider: requests out, replies in, one timer, and every way it can end."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator, Callable
from math import inf
from typing import Protocol, cast

from hearth.call import Place
from hearth.outbound.limits import Limits
from hearth.outbound.parsing import MAX_HEAD_BYTES, ReplyParser
from hearth.outbound.reply import HIGH_WATER, Reply
from hearth.problems import BadRequest, BrokenReply, Problem, Unreachable

SLICE = 256 * 1024
"""A larger body is written in slices of this size, each waiting for room."""


class Owner(Protocol):
    """Who keeps a connection between exchanges."""

    def idle(self, connection: Connection) -> None:
        """The exchange is over and the connection may be used again."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection is not to be used again."""
        ...


class Connection(asyncio.Protocol):
    """One connection, for one exchange at a time. Deadlines are a number that one lazily re-armed timer looks at."""

    __slots__ = (
        "_owner", "_parser", "_poll", "_reply", "_timer", "_timer_at", "_transport", "_write_paused", "address",
        "answered", "closed", "connect_ms", "deadline", "exchanges", "gone", "loop", "paused", "place", "who",
    )  # fmt: skip

    def __init__(self, owner: Owner, who: str, place: Place, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.who = who
        self.place: Place = place
        self.address = ""
        self.connect_ms = 0.0
        self.exchanges = 0
        self.answered = False
        """Whether a byte has come back in the current exchange."""
        self.closed = False
        self.gone: asyncio.Future[None] = loop.create_future()
        """Done when nothing is left of the connection."""
        self.paused = False
        self.deadline = inf
        self._owner = owner
        self._parser = ReplyParser()
        self._transport: asyncio.Transport | None = None
        self._write_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._reply: Reply | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] | None = None
        """Asks the kernel whether bytes or an end wait; not over TLS, whose records are no reply."""

    @property
    def keep_alive(self) -> float:
        """Seconds for which the provider says it keeps this connection unused; inf if it does not say."""
        return self._parser.keep_alive

    # One exchange.

    def begin(self, who: str, limits: Limits, *, bodiless: bool) -> Reply:
        """Make ready for the next reply; `bodiless` says that it has a head only (HEAD)."""
        reply = self._reply = Reply(self, who, limits)
        reply.address = self.address
        if not self.exchanges:
            reply.connect_ms = self.connect_ms
        self.who = who
        self.exchanges += 1
        self.answered = False
        self.deadline = inf
        self._parser.begin(reply, bodiless=bodiless)
        return reply

    def write_at_once(self, reply: Reply, head: bytes, body: bytes) -> bool:
        """Send head and a small body in one write; a large body is left to `write`."""
        if len(body) > SLICE:
            return False
        self._put(reply, head + body)
        return True

    async def write(self, reply: Reply, head: bytes, body: bytes) -> None:
        """Send head and body in slices, as the provider takes them."""
        self._put(reply, head)
        view = memoryview(body)
        for start in range(0, len(view), SLICE):
            if not await self._has_room(reply):
                return
            self._put(reply, view[start : start + SLICE])
        reply.uploading = False

    async def write_stream(self, reply: Reply, head: bytes, pieces: AsyncIterator[bytes], length: int | None) -> None:
        """Send head and a body as it comes, chunked if `length` is None; stops early if the reply begins.

        Raises `BadRequest` if the pieces are not `length` bytes in all.
        """
        reply.uploading = True
        self._put(reply, head)
        left = length
        async for piece in pieces:
            if left is not None:
                left -= len(piece)
            if left is not None and left < 0:
                break
            if not await self._has_room(reply):
                return
            if piece:
                self._put(reply, piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
        if left:
            raise BadRequest(f"the body is not the {length} bytes that were announced.")
        if length is None:
            self._put(reply, b"0\r\n\r\n")
        reply.uploading = False

    def _put(self, reply: Reply, data: bytes | memoryview) -> None:
        transport = self._transport
        if transport is None or self.closed:
            reply.fail(self._cut(reply, None))
            return
        reply.bytes_out += len(data)
        transport.write(data)

    async def _has_room(self, reply: Reply) -> bool:
        """Wait for room; False when the reply came first, or failed."""
        reply.uploading = True
        while self._write_paused and not reply.started and reply.problem is None:
            await reply.wait_room()
        return not reply.started and reply.problem is None

    # What a reply asks for.

    def watch(self, deadline: float) -> None:
        """Look at the clock at the deadline; costs nothing while an earlier timer is armed."""
        self.deadline = deadline
        if deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self.loop.call_at(deadline, self._on_timer)

    def resume(self) -> None:
        """Read on after a pause."""
        self.paused = False
        if self._transport is not None and not self.closed:
            self._transport.resume_reading()

    def is_quiet(self) -> bool:
        """Whether the kernel holds nothing for this unused connection; it would be the provider's close (F19)."""
        if self._poll is None:
            return not self.closed
        return not self.closed and not self._poll(0)

    def abort(self) -> None:
        """Drop the connection at once; the provider sees it close."""
        self._reply = None
        self._retire()
        if self._transport is not None:
            self._transport.abort()

    def discard_rest(self, seconds: float) -> None:
        """Let the reply run out unread for so long: the end of a stream often comes a moment after its last word."""
        reply = self._reply
        if reply is None:
            return
        rest = self._reply = Reply(self, self.who, Limits(max_bytes=reply.bytes_in + HIGH_WATER))
        rest.started, rest.eof_delimited, rest.begun, rest.bytes_in = (
            reply.started,
            reply.eof_delimited,
            True,
            reply.bytes_in,
        )
        self._parser.hand_over(rest)
        self.watch(self.loop.time() + seconds)
        if self.paused:
            self.resume()

    def end(self, problem: Problem) -> None:
        """End from outside: the reader gets the problem, not the bytes it has not read yet."""
        reply = self._reply
        self.abort()
        if reply is not None:
            reply.fail(problem, at_once=True)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)
        if hasattr(select, "poll") and transport.get_extra_info("sslcontext") is None:
            poller = select.poll()
            poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
            self._poll = poller.poll

    def data_received(self, data: bytes) -> None:
        """Bytes of a reply came, or bytes that nobody asked for."""
        reply, parser = self._reply, self._parser
        if reply is None:
            self.abort()
            return
        self.answered = True
        reply.bytes_in += len(data)
        parser.feed(data)
        reply.hand_on()
        if parser.done:
            self._complete(reply)
        elif parser.refused or self._too_large(reply):
            reply.fail(BrokenReply(f"the reply {parser.refused}.", who=reply.who))
            self.abort()
        elif reply.unread > HIGH_WATER and not self.paused and self._transport is not None:
            self.paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The provider sends no more: the transport closes itself, and nobody may take this connection again."""
        if self._reply is None:
            self._retire()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: that ends a reply properly only if nothing else could."""
        reply, self._reply = self._reply, None
        self._retire()
        self._parser.release()
        if not self.gone.done():
            self.gone.set_result(None)
        if reply is None:
            return
        if reply.started and reply.eof_delimited and exc is None:
            reply.end()
        else:
            reply.fail(self._cut(reply, exc))

    def pause_writing(self) -> None:
        """The provider reads more slowly than we write."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The provider caught up."""
        self._write_paused = False
        if self._reply is not None:
            self._reply.wake()

    # Endings.

    def _complete(self, reply: Reply) -> None:
        parser = self._parser
        self._reply = None
        reply.end()
        if not parser.keep or parser.refused or self.closed or reply.uploading:
            self.abort()
            return
        if self.paused:
            self.resume()
        self._owner.idle(self)

    def _too_large(self, reply: Reply) -> bool:
        limit = reply.limits.max_bytes if reply.started else 2 * MAX_HEAD_BYTES
        if reply.bytes_in <= limit:
            return False
        self._parser.refused = f"{'is' if reply.started else 'has a head of'} over {limit} bytes"
        return True

    def _retire(self) -> None:
        if not self.closed:
            self.closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._owner.lost(self)

    def _cut(self, reply: Reply, exc: Exception | None) -> Problem:
        how = "closed" if exc is None else "reset"
        if reply.bytes_in == 0:
            return Unreachable(f"{how} the connection to {self.address} without a reply.", who=reply.who)
        where = "the middle of the reply" if reply.started else "the reply's head"
        return BrokenReply(f"{how} the connection in {where}.", who=reply.who)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = inf
        if self.closed or self.deadline == inf:
            return
        now = self.loop.time()
        if now < self.deadline:
            self.watch(self.deadline)
        elif self._reply is None:
            self.abort()
        else:
            self._reply.expire(now, self.deadline)
