"""Models of one engine that do not fit together take turns, whatever order they are wanted in."""

from __future__ import annotations

import asyncio
from time import monotonic

from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.outbound.lanes import Lane
from hearth.outbound.residents import TALK_S, Beside, Residents
from hearth.outbound.tickets import Ticket
from hearth.routing.expected import Learned

NAMES = ("one", "two", "three")
LOAD_S, CALL_S, STAY_S = 0.001, 0.001, 0.02
CALLS = st.lists(st.tuples(st.sampled_from(NAMES), st.floats(0, 0.01)), max_size=12)


class Narrow:
    """An engine with room for one model: it pushes the others out, and remembers who was there while one was used."""

    def __init__(self, stay: float = STAY_S) -> None:
        self.residents = Residents()
        self.residents.stay = stay
        self.lanes = {name: Lane(name, self.residents, Learned()) for name in NAMES}
        self.here = ""
        self.loads = 0
        self.loading = 0
        self.wrong: list[str] = []
        for name, lane in self.lanes.items():
            lane.configure(1, 100, self._loader(name))

    def _loader(self, name: str) -> Load:
        return Load(self, name)

    async def call(self, name: str, after: float) -> None:
        await asyncio.sleep(after)
        lane, ticket = self.lanes[name], Ticket()
        await lane.enter(ticket, None)
        if self.here != name:
            self.wrong.append(f"{name} was let in while {self.here} was loaded")
        await asyncio.sleep(CALL_S)
        lane.known_warm_at = monotonic()
        lane.leave(ticket)

    async def taught(self) -> None:
        """Let it see that no two of them fit together."""
        for name in (*NAMES, *NAMES):
            await self.call(name, 0.0)
            await asyncio.sleep(0)


class Load:
    """Loads one model, and says afterwards what the engine has."""

    def __init__(self, engine: Narrow, name: str) -> None:
        self.engine = engine
        self.name = name

    async def __call__(self) -> float:
        engine = self.engine
        lane = engine.lanes[self.name]
        beside = engine.residents.beside(lane)
        engine.loading += 1
        if engine.loading > 1:
            engine.wrong.append("two models were loaded at once")
        await asyncio.sleep(LOAD_S)
        engine.loading -= 1
        engine.here, engine.loads = self.name, engine.loads + 1
        engine.residents.look(self._look(lane, beside))
        return monotonic() + 60.0

    async def _look(self, lane: Lane, beside: Beside) -> None:
        engine = self.engine
        engine.residents.saw(lane, beside, {engine.here})
        for other in engine.lanes.values():
            if other.name != engine.here and other.idle:
                other.note_loaded(0.0)


@settings(max_examples=25, deadline=None)
@given(CALLS)
def test_everybody_is_answered_by_the_model_that_is_loaded(calls: list[tuple[str, float]]) -> None:
    """Nobody is let in to a model that had to go, no two are loaded at once, and nobody waits for ever."""

    async def scene() -> list[str]:
        engine = Narrow()
        await engine.taught()
        engine.wrong.clear()
        async with asyncio.timeout(10):
            await asyncio.gather(*(engine.call(name, after) for name, after in calls))
        return engine.wrong

    assert asyncio.run(scene()) == []


def test_calls_that_come_mixed_go_by_model() -> None:
    """Thirty calls in turn for three models take hardly more loads than there are models."""

    async def scene() -> int:
        engine = Narrow(stay=5.0)
        await engine.taught()
        before = engine.loads
        await asyncio.gather(*(engine.call(NAMES[number % 3], 0.0) for number in range(30)))
        return engine.loads - before

    assert asyncio.run(scene()) <= 4


def test_a_load_that_is_broken_off_gives_its_turn_to_the_next() -> None:
    """The daemon may stop while models wait for their turn: nothing hangs."""

    async def scene() -> bool:
        engine = Narrow(stay=60.0)
        await engine.taught()
        waiting = [asyncio.create_task(engine.call(name, 0.0)) for name in NAMES for _ in range(3)]
        await asyncio.sleep(0.005)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        async with asyncio.timeout(5):
            for lane in engine.lanes.values():
                await lane.close()
            await engine.call("two", 0.0)
        return engine.here == "two"

    assert asyncio.run(scene())


def typing() -> Ticket:
    """Return the ticket of an autocompletion."""
    return Ticket("editor")


async def taught_and_talked() -> Narrow:
    """Return an engine whose model "one" was just talked with, and has no room beside it."""
    engine = Narrow(stay=STAY_S)
    await engine.taught()
    await engine.call("one", 0.0)
    engine.residents.talked(engine.lanes["one"])
    return engine


def test_an_autocompletion_pushes_no_model_out_that_was_just_talked_with() -> None:
    """Pain 5: the chat is likely to go on, and each of its answers would wait for a load; it says so while it waits."""

    async def scene() -> tuple[str, float, str, str]:
        engine = await taught_and_talked()
        waiting = asyncio.create_task(engine.lanes["two"].enter(typing(), None))
        await asyncio.sleep(5 * STAY_S)
        state = engine.lanes["two"].state(0.0, "")
        kept = engine.here
        _, wanted_by = engine.residents.kept_from(engine.lanes["one"])
        waiting.cancel()
        for lane in engine.lanes.values():
            await lane.close()
        return kept, state.talk_s, state.talk_by, wanted_by[0]

    kept, talk_s, talk_by, wanted_by = asyncio.run(scene())

    assert (kept, talk_by, wanted_by) == ("one", "one", "two")
    assert 100 < talk_s <= TALK_S


def test_a_chat_pushes_it_out_as_before_and_is_not_behind_the_autocompletions() -> None:
    """Only autocompletions wait for a chat to end; another chat's turn comes after `stay`, and before theirs."""

    async def scene() -> str:
        engine = await taught_and_talked()
        waiting = asyncio.create_task(engine.lanes["two"].enter(typing(), None))
        await asyncio.sleep(2 * STAY_S)
        async with asyncio.timeout(5):
            await engine.call("three", 0.0)
        here = engine.here
        waiting.cancel()
        for lane in engine.lanes.values():
            await lane.close()
        return here

    assert asyncio.run(scene()) == "three"


def test_a_chat_with_the_model_of_autocompletions_takes_them_along() -> None:
    """Once somebody wants to talk with it, it is loaded for all who wait."""

    async def scene() -> str:
        engine = await taught_and_talked()
        typed, chat = Ticket("editor"), Ticket()
        lane = engine.lanes["two"]
        lane.configure(2, 100, engine._loader("two"))  # noqa: SLF001 -- its own helper
        async with asyncio.timeout(5):
            await asyncio.gather(lane.enter(typed, None), lane.enter(chat, None))
        return engine.here

    assert asyncio.run(scene()) == "two"
