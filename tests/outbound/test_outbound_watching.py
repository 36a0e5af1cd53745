"""F3: an engine that is silent for minutes is waited for while it lives, and given up soon when it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hearth.outbound.alarms import Alarms
from hearth.outbound.pool import Limits
from hearth.outbound.watching import EngineWatch, Look
from hearth.problems import BrokenReply, TimedOut, Unreachable
from outbound.raw_server import PATIENT_S, Visit, asking, get, serving, whole

QUIET_S = 0.05
LONG_S = QUIET_S * 8


def always(problem: Exception | None) -> Look:
    """A look at an engine that answers at once, or never."""

    async def look() -> None:
        if problem is not None:
            raise problem

    return look


async def waited(look: Look, seconds: float = LONG_S, heard: Callable[[], object] = lambda: False) -> str:
    """Wait under a watch, and say how that ended."""
    try:
        with EngineWatch("ollama", look, heard, Alarms(QUIET_S)):
            await asyncio.sleep(seconds)
    except TimedOut as dead:
        return dead.text
    return "answered"


@pytest.mark.parametrize("problem", [None, BrokenReply("no JSON", who="ollama")])
def test_an_engine_that_gives_any_sign_of_life_is_waited_for(problem: Exception | None) -> None:
    """A long load is no fault, and neither is a look that is answered with an error."""
    assert asyncio.run(waited(always(problem))) == "answered"


@pytest.mark.parametrize("problem", [TimedOut("no answer"), Unreachable("refused")])
def test_an_engine_that_does_not_answer_twice_is_given_up(problem: Exception) -> None:
    """The wait ends in words that say who is to be looked at; the task itself goes on."""
    said = asyncio.run(waited(always(problem), seconds=60.0))

    assert said.startswith("ollama: keeps silent")


def test_one_missed_look_is_forgiven() -> None:
    """An engine may be swapped out for a moment."""
    turns = iter((TimedOut("late"), None, TimedOut("late"), None, TimedOut("late"), None, None, None, None))

    async def look() -> None:
        problem = next(turns)
        if problem is not None:
            raise problem

    assert asyncio.run(waited(look)) == "answered"


def test_nobody_looks_once_the_answer_has_begun() -> None:
    """What comes after the first token has its own deadline."""
    looks: list[bool] = []

    async def look() -> None:
        looks.append(True)

    assert asyncio.run(waited(look, heard=lambda: True)) == "answered"
    assert not looks


def test_a_caller_that_leaves_is_no_dead_engine() -> None:
    """A cancellation from outside stays one."""

    async def act() -> bool:
        task = asyncio.create_task(waited(always(None), seconds=60.0))
        await asyncio.sleep(QUIET_S * 2)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(act())


def test_a_stopped_process_is_found_out_through_a_real_socket() -> None:
    """Its kernel still accepts connections; only the answer is missing."""

    async def mute(visit: Visit) -> None:
        await visit.request()
        await asyncio.sleep(60)

    async def act(server: Callable[[Visit], Awaitable[None]], answers_within: float) -> str:
        async with serving(server) as raw, asking(raw) as (pool, origin):

            async def look() -> None:
                await get(pool, origin, limits=Limits(first=answers_within))

            return await waited(look, seconds=1.0)

    async def lively(visit: Visit) -> None:
        await visit.request()
        await visit.say(whole(b'{"models":[]}'))

    assert asyncio.run(act(mute, QUIET_S)).startswith("ollama: keeps silent")
    assert asyncio.run(act(lively, PATIENT_S)) == "answered"
