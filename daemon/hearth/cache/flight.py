"""One call upstream that several callers of the same request share; it goes on as long as one of them is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hearth.events import Frame
    from hearth.outbound.upstream import Sink, Upstream

Work = Callable[["Flight"], Awaitable[None]]
Ended = Callable[["Flight"], None]


class Member(Protocol):
    """One caller of a flight."""

    @property
    def sink(self) -> Sink:
        """Where its frames go."""
        ...

    def seat(self, attempt: Upstream, *, first: bool) -> Upstream:
        """Return the attempt as this caller is to see it; the first one sees it as it is."""
        ...


class Flight:
    """The `Sink` of the shared call. It belongs to nobody: whoever leaves, the others get all of it."""

    flowing = False

    def __init__(self, work: Work, ended: Ended) -> None:
        """Begin at once, in a task of its own; `ended` is called when it is over, however it ended."""
        self.committed = False
        self.attempt: Upstream | None = None
        self.frames: list[Frame] = []
        self.problem: BaseException | None = None
        self.over = False
        self.members: list[Member] = []
        self.payer: Member | None = None
        """In whose row the attempts are written down: the first caller that is still there at the end."""
        self._ended = ended
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(work), name="a shared call")

    async def _run(self, work: Work) -> None:
        try:
            await work(self)
        except BaseException as error:  # noqa: BLE001 -- it is raised where its callers are answered
            self.problem = error
        finally:
            self.over = True
            if self.members:
                self.payer = self.members[0]
            self._ended(self)
            self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # The sink.

    def begin(self, attempt: Upstream) -> None:
        """Take what follows from this attempt; what an earlier one left unsent is forgotten."""
        self.attempt = attempt
        self.frames.clear()

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        """Keep frames for all callers; nothing is handed out before it means something."""
        self.frames.extend(frames)
        self.committed = self.committed or meaningful
        if self.committed:
            self._tell()

    def send(self, frames: Sequence[Frame]) -> None:
        """Keep frames for all callers."""
        self.frames.extend(frames)
        self._tell()

    # Its callers.

    async def follow(self, member: Member) -> None:
        """Hand the whole answer to one caller as it comes. Raises what it ended in.

        A caller that is cancelled, or has gone, leaves; the last one to leave ends the call.
        """
        self.members.append(member)
        try:
            await self._hand_on(member)
        finally:
            await self._leave(member)

    async def _hand_on(self, member: Member) -> None:
        given = 0
        while True:
            changed = self._changed
            if (self.committed or (self.over and self.problem is None)) and given < len(self.frames):
                if not given and self.attempt is not None:
                    first = (self.payer or self.members[0]) is member
                    member.sink.begin(member.seat(self.attempt, first=first))
                news, given = self.frames[given:], len(self.frames)
                await member.sink.take(news, meaningful=True)
            elif self.over:
                break
            else:
                await changed.wait()
        if self.problem is not None:
            raise self.problem

    async def _leave(self, member: Member) -> None:
        self.members.remove(member)
        if self.over or self.members:
            return
        self.payer = member
        self._task.cancel()
        await asyncio.wait({self._task})
