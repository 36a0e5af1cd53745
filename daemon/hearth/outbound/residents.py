"""Which models one engine holds, and whose turn it is where it was seen not to hold them together (pain 5).

Each call for a model that has no room would push another one out, and two programs that call in turn would make every
call wait for a load. So a model that was loaded keeps its place for a while as long as it is used; those who want it
wait in the order they came, and then all calls of the next model go together. Nothing of it is done before an engine
was seen to let go of one model for another.

An autocompletion that waits for a load is worth nothing when it comes, and a chat that must wait for one is a nuisance
each time: so a model that was just talked with keeps its place from autocompletions, though not for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Protocol

LOOK_S = 0.02
"""How often a model that waits looks whether its turn has come."""
MOST_PAIRS = 256
TALK_S = 120.0
"""For so long after a chat somebody is likely to go on with it: its model is pushed out by no autocompletion."""
TYPED_S = 600.0
"""For so long at most the models of autocompletions wait for that."""


class Resident(Protocol):
    """The lane of a model that an engine may hold."""

    name: str
    last_load_s: float | None
    known_warm_at: float
    """The last moment at which it was loaded or used."""
    gives_way: bool
    """Whether no more calls are let in to it."""
    typed: bool
    """Whether only autocompletions have asked for it to be loaded."""
    warm_until: float
    """Until when its engine keeps it."""

    @property
    def warm(self) -> bool:
        """Whether it is loaded and takes calls."""
        ...

    @property
    def in_flight(self) -> int:
        """How many calls it answers."""
        ...

    @property
    def talks(self) -> bool:
        """Whether it answers anything but autocompletions."""
        ...

    @property
    def idle(self) -> bool:
        """Whether nobody uses, waits for or loads it."""
        ...

    def gone(self) -> None:
        """Count as not loaded, and take calls again."""
        ...


Pair = tuple[str, str, float]
"""The names of two models that do not fit together, and when that was seen (time.monotonic())."""
Beside = tuple[tuple[Resident, float], ...]
"""Models that were loaded when another one's load began, each with the moment until which it would have stayed."""


class Residents:
    """The models of one engine. The event loop's alone."""

    def __init__(self) -> None:
        """Know none yet."""
        self.stay = 0.0
        """For how many seconds a model keeps its place at least while it is used; 0: nobody waits for another."""
        self.reads_on = False
        """Whether the engine was seen to go on reading a prompt whose caller had left."""
        self._lanes: dict[str, Resident] = {}
        self._apart: dict[frozenset[str], float] = {}
        self._since: dict[str, float] = {}
        self._talked: dict[str, float] = {}
        self._turns: list[Resident] = []
        self._tells = False
        self._loader = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None

    def add(self, lane: Resident) -> None:
        """Have one more model."""
        self._lanes[lane.name] = lane

    def forget(self, lane: Resident) -> None:
        """Have one model less."""
        self._lanes.pop(lane.name, None)
        self._since.pop(lane.name, None)
        self._talked.pop(lane.name, None)

    def talked(self, lane: Resident) -> None:
        """Take note that a model has answered in a chat."""
        self._talked[lane.name] = monotonic()

    @asynccontextmanager
    async def place(self, lane: Resident) -> AsyncIterator[None]:
        """Wait for a model's turn, let its rivals finish, and load it inside: an engine loads one model at a time."""
        self._turns.append(lane)
        asked = monotonic()
        try:
            while self._must_wait(lane, asked):  # noqa: ASYNC110 -- time is what it waits for, most of all
                await asyncio.sleep(LOOK_S)
            await self._clear([one for one in self._rivals(lane) if one.warm])
            async with self._loader:
                if self._look is not None:
                    await asyncio.wait({self._look})
                yield
            self._since[lane.name] = monotonic()
        finally:
            self._turns.remove(lane)

    def held(self, lane: Resident, *, typed: bool = False) -> tuple[float, str]:
        """Return for how many seconds others keep a model from being loaded, as far as is known, and who does.

        `typed`: from being loaded for an autocompletion, which lets chats go on.
        """
        if not self._apart or not self.stay:
            return 0.0, ""
        now, held, by = monotonic(), 0.0, ""
        for one in self._rivals(lane):
            rest = max(self._rest(one, now), self._talk(one, now) if typed else 0.0)
            if rest > held:
                held, by = rest, one.name
        for one in self._ahead(lane):
            held, by = held + self.stay + (one.last_load_s or 0.0), by or one.name
        return held, by

    def kept_from(self, lane: Resident) -> tuple[float, tuple[str, ...]]:
        """Return for how many seconds a model keeps its place, and who wants it; (0.0, ()) if nobody does."""
        wanting = tuple(one.name for one in self._turns if one is not lane and self._are_apart(one, lane))
        if not wanting:
            return 0.0, ()
        now = monotonic()
        typed = all(one.typed for one in self._turns if one.name in wanting)
        return max(self._rest(lane, now), self._talk(lane, now) if typed else 0.0), wanting

    # What an engine shows.

    def beside(self, lane: Resident) -> Beside:
        """Return what is loaded now beside a model that is about to be."""
        return tuple((one, one.warm_until) for one in self._lanes.values() if one is not lane and one.warm)

    def saw(self, lane: Resident, beside: Beside, loaded: Collection[str]) -> list[Resident]:
        """Learn from a load what an engine holds together: `loaded` are the names of all that it has after it.

        Returns the models that were found not to fit while calls for both are under way.
        """
        here, now, torn = lane.name in loaded, monotonic(), []
        self._tells = self._tells or bool(loaded)
        for other in self._lanes.values():
            if here and other is not lane and other.name in loaded:
                self._apart.pop(frozenset((lane.name, other.name)), None)
        for other, until in beside:
            if until > now and self._pushed_out(other, here=here, there=other.name in loaded):
                self._part(lane, other)
                torn += [] if (other if here else lane).idle else [other, lane]
        return torn

    def _pushed_out(self, other: Resident, *, here: bool, there: bool) -> bool:
        """Whether one of two that should both be loaded had to go for the other, which may be loading at this moment.

        An engine that never says what it has loaded shows nothing.
        """
        return not there if here else self._tells and (there or not other.idle)

    def _part(self, one: Resident, other: Resident) -> None:
        if len(self._apart) >= MOST_PAIRS:
            self._apart.clear()
        self._apart[frozenset((one.name, other.name))] = monotonic()

    def apart(self) -> Iterator[Pair]:
        """Yield the models that were found not to fit together, and when."""
        for pair, at in self._apart.items():
            one, other = sorted(pair)
            yield one, other, at

    def recall(self, pair: Pair) -> None:
        """Take over what an earlier run has found; the first load that shows both loaded says otherwise."""
        one, other, at = pair
        if one != other and len(self._apart) < MOST_PAIRS:
            self._apart.setdefault(frozenset((one, other)), at)

    def look(self, looking: Awaitable[None]) -> None:
        """Look what a load led to. The next load waits for that: it could push out what has just been loaded."""
        self._look = asyncio.ensure_future(looking)

    async def settle(self, torn: list[Resident], look: Callable[[], Awaitable[object]]) -> None:
        """Let models that push each other out finish what they have begun, then look which of them is loaded."""
        if torn and self.stay:
            await self._clear(torn)
            await look()

    # Whose turn it is.

    def _must_wait(self, lane: Resident, asked: float) -> bool:
        if not self._apart or not self.stay:
            return False
        now = monotonic()
        lane.typed = lane.typed and now - asked < TYPED_S
        if lane.gives_way or any(self._ahead(lane)) or any(self._rest(one, now) > 0 for one in self._rivals(lane)):
            return True
        return lane.typed and any(self._talk(one, now) > 0 for one in self._rivals(lane))

    def _talk(self, one: Resident, now: float) -> float:
        """Return for how long autocompletions leave a model its place: while a chat with it is likely to go on."""
        if one.talks:
            return TALK_S
        return max(self._talked.get(one.name, now - TALK_S) + TALK_S - now, 0.0) if one.warm else 0.0

    def _rest(self, one: Resident, now: float) -> float:
        """Return for how long a model keeps its place: while it is used, or idle for no longer than its load took."""
        since = self._since.get(one.name)
        if since is None or not one.warm:
            return 0.0
        rest = since + self.stay - now
        if one.idle:
            rest = min(rest, (one.last_load_s or 0.0) - (now - one.known_warm_at))
        return max(rest, 0.0)

    def _rivals(self, lane: Resident) -> Iterator[Resident]:
        return (one for one in self._lanes.values() if self._are_apart(one, lane))

    def _ahead(self, lane: Resident) -> Iterator[Resident]:
        """Yield those whose turn comes before: who came earlier, autocompletions after all others."""
        before = True
        for one in self._turns:
            before = before and one is not lane
            first = before if one.typed == lane.typed else lane.typed
            if first and self._are_apart(one, lane):
                yield one

    def _are_apart(self, one: Resident, other: Resident) -> bool:
        return frozenset((one.name, other.name)) in self._apart

    async def _clear(self, leaving: list[Resident]) -> None:
        """Let no more calls in to these models, and wait until those under way have ended."""
        if not self.stay:
            return
        for one in leaving:
            one.gives_way = True
        try:
            while any(one.in_flight for one in leaving):  # noqa: ASYNC110 -- no call tells anybody that it ends
                await asyncio.sleep(LOOK_S)
        finally:
            for one in leaving:
                one.gone()
