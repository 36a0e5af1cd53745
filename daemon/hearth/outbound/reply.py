"""One reply on its way in: pieces that have arrived, the deadline of the next, and the problem that ended it."""

from __future__ import annotations

import asyncio
from copy import copy
from math import inf
from types import TracebackType
from typing import Protocol, Self

from hearth.dialects.dialect import Head
from hearth.outbound.limits import Limits
from hearth.problems import BrokenReply, Problem, TimedOut

NO_HEAD = Head(0)
HIGH_WATER = 256 * 1024
"""Unread bytes at which the provider is no longer read from."""
STOOD_STILL_S = 0.5
"""A deadline that is looked at so much too late was missed by this process, which was stopped or held up."""
LOOK_S = 0.1
"""How long what came meanwhile has, to be read before the provider is called silent."""


class Source(Protocol):
    """The connection a reply comes from."""

    loop: asyncio.AbstractEventLoop
    paused: bool
    deadline: float

    def watch(self, deadline: float) -> None:
        """Call the reply's `expire` when the loop's time has passed the deadline."""
        ...

    def resume(self) -> None:
        """Read on."""
        ...

    def abort(self) -> None:
        """Drop the connection at once."""
        ...

    def discard_rest(self, seconds: float) -> None:
        """Throw away what follows; keep the connection if the reply ends in time."""
        ...


class Taker(Protocol):
    """Takes pieces of a body as they come."""

    def ready(self) -> bool:
        """Say whether a piece can be taken now."""
        ...

    def take(self, data: bytes) -> None:
        """Take a piece. Never raises."""
        ...


class Reply:
    """What a provider answers. `head` is there once `Pool.send` has returned it.

    Bytes that arrived before a failure are read before the failure is raised. When the last byte has arrived the
    connection goes back to its pool by itself; `close` ends it in any other case. Use it as `with reply:`.
    """

    __slots__ = (
        "_backlog", "_chunks", "_released", "_source", "_started", "_waiter", "address", "begun", "bytes_in",
        "bytes_out", "complete", "connect_ms", "eof_delimited", "head", "limits", "problem", "started",
        "taker", "unread", "uploading", "who",
    )  # fmt: skip

    def __init__(self, source: Source, who: str, limits: Limits) -> None:
        self.head = NO_HEAD
        self.started = False
        """Status and headers are there."""
        self.who = who
        self.begun = False
        """Set by the first piece read: from then on `limits.idle` holds. A reader that knows better sets it back."""
        self.complete = False
        """Everything has arrived; there may be pieces still to read."""
        self.eof_delimited = False
        """Only the closed connection marks the end: nothing tells a whole reply from a cut one but its content (F6)."""
        self.problem: Problem | None = None
        self.bytes_in = 0
        self.bytes_out = 0
        self.unread = 0
        self.connect_ms: float | None = None
        self.address = ""
        self.uploading = False
        self.taker: Taker | None = None
        """Takes pieces in the callback that brings them, as long as it says that it can."""
        self._backlog = False
        self._released = False
        self._source: Source | None = source
        self.limits = limits
        self._started = source.loop.time()
        self._chunks: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def wait_head(self) -> Head:
        """Return status and headers; raises what went wrong before them."""
        while self.problem is None:
            if self.started:
                return self.head
            await self._wait()
        raise copy(self.problem)  # a raised one holds frames that hold us: only the garbage collector would end that

    async def read_chunk(self) -> bytes:
        """Return what has arrived, joined; b"" at the end, and after `release`.

        Raises `BrokenReply` (cut, not HTTP, too large), `TimedOut` or `Forbidden` (the mode was tightened).
        """
        while not self._chunks:
            if self.problem is not None:
                raise copy(self.problem)
            if self.complete or self._released:
                return b""
            await self._wait()
        return self._take()

    def at_hand(self) -> bytes:
        """Return what has arrived and was not read, joined, without waiting; b"" for nothing."""
        return self._take() if self._chunks else b""

    def release(self) -> None:
        """Let `read_chunk` return though nothing has come: the taker has seen the end."""
        self._released = True
        self.wake()

    async def read_all(self, limit: int) -> bytes:
        """Return the whole body; raises as `read_chunk` does, and `BrokenReply` if it is longer than `limit` bytes."""
        pieces: list[bytes] = []
        size = 0
        while piece := await self.read_chunk():
            size += len(piece)
            if size > limit:
                self.close()
                raise BrokenReply(f"the reply is over {limit} bytes.", who=self.who)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """End the exchange: the provider sees the connection close at once, unless the reply is complete."""
        source = self._source
        if source is not None:
            self._source = None
            source.abort()
            self.wake()

    def finish(self, grace: float = 1.0) -> None:
        """The reader has all it wants: keep the connection if the reply ends within the grace, else drop it."""
        source = self._source
        if source is not None:
            self._source = None
            source.discard_rest(grace)

    # What the connection calls.

    def start(self, head: Head) -> None:
        """Status and headers have arrived."""
        self.head = head
        self.started = True
        self.wake()

    def feed(self, piece: bytes) -> None:
        """Add a piece of the body."""
        self._chunks.append(piece)
        self.unread += len(piece)
        if self.taker is None:
            self.wake()

    def hand_on(self) -> None:
        """Give the taker what came, unless earlier pieces wait for the reader or the taker cannot go on."""
        taker, source = self.taker, self._source
        if taker is None or source is None or not self._chunks:
            return
        if self._backlog or not taker.ready():
            self._backlog = True
            self.wake()
            return
        taker.take(self._take())
        limits = self.limits
        now = source.loop.time()
        source.watch(now + limits.idle if limits.total is None else self._deadline(now))

    def wake(self) -> None:
        """Let the reader look again."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def end(self) -> None:
        """The last byte has arrived."""
        self.complete = True
        self._source = None
        self.wake()

    def fail(self, problem: Problem, *, at_once: bool = False) -> None:
        """End the reply with a problem; `at_once` also throws away what was not read yet."""
        if self.problem is None and not self.complete:
            self.problem = problem
        if at_once:
            self._chunks.clear()
        self._source = None
        self.wake()

    def expire(self, now: float, due: float) -> None:
        """A deadline was due while somebody waited: give up, unless it was us who stood still (F36, F56)."""
        limits, source = self.limits, self._source
        if now - due > STOOD_STILL_S and source is not None:
            source.watch(now + LOOK_S)
            return
        if limits.total is not None and now >= self._started + limits.total:
            said = f"the reply was not finished within {limits.total:g} s."
        elif self.uploading and not self.started:
            said = f"took none of the request for {limits.idle:g} s."
        elif self.begun:
            said = f"silent for {limits.idle:g} s in the middle of the reply."
        elif self.started:
            said = f"no first token within {limits.first:g} s."
        else:
            said = f"no reply within {limits.first:g} s."
        self.fail(TimedOut(said, who=self.who))
        if source is not None:
            source.abort()

    async def wait_room(self) -> None:
        """Wait until the connection has room for more of the request, or the reply has begun or failed."""
        await self._wait()

    def _take(self) -> bytes:
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.unread = 0
        self.begun = True
        self._backlog = False
        source = self._source
        if source is not None and source.paused:
            source.resume()
        return data

    async def _wait(self) -> None:
        source = self._source
        if source is None:
            raise copy(self.problem or BrokenReply("the exchange was closed.", who=self.who))
        waiter = self._waiter = source.loop.create_future()
        source.watch(self._deadline(source.loop.time()))
        try:
            await waiter
        except BaseException:
            self.close()
            raise
        finally:
            self._waiter = None
            if self._source is source:  # else the connection has gone on without us, and its deadline is not ours
                source.deadline = inf

    def _deadline(self, now: float) -> float:
        limits = self.limits
        if self.begun or self.uploading:
            deadline = now + limits.idle
        else:
            deadline = inf if limits.first is None else self._started + limits.first
        return deadline if limits.total is None else min(deadline, self._started + limits.total)
