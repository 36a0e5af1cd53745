"""Calls that wait for a key: the oldest first, none longer than it wants, and nobody is left behind."""

from __future__ import annotations

import asyncio
from time import monotonic

from hearth.outbound.keys.queue import KeyQueue, KeyQueues
from outbound.keys.test_key_choice import Held
from promised_times import soonest

PATIENT_S = 20.0

BOX = Held("a").settings


def test_the_oldest_goes_first() -> None:
    """Who came first is let through first, whenever it began to wait."""

    async def scene() -> list[float]:
        queue, room, went = KeyQueue(), [0.03], list[float]()

        async def wait(since: float) -> None:
            if await queue.turn(since, lambda: room[0], monotonic() + 60):
                went.append(since)
                room[0] = 0.01
                asyncio.get_running_loop().call_later(0.005, lambda: room.__setitem__(0, 0.0))

        waiting = [asyncio.ensure_future(wait(since)) for since in (3.0, 1.0, 2.0)]
        await asyncio.sleep(0.005)
        room[0] = 0.0
        queue.wake()
        await asyncio.gather(*waiting)
        return went

    assert asyncio.run(scene()) == [1.0, 2.0, 3.0]


def test_nobody_waits_for_what_comes_too_late() -> None:
    """A wait that is longer than a call wants is not begun."""

    async def scene() -> float:
        began = monotonic()
        assert not await asyncio.wait_for(KeyQueue().turn(0.0, lambda: 1000.0, began + 500), PATIENT_S)
        return monotonic() - began

    assert soonest(scene, 0.5) < 0.5


def test_who_leaves_holds_nobody_up() -> None:
    """A caller that hangs up while it waits gives its place to the next."""

    async def scene() -> float:
        queues, room = KeyQueues(), [60.0]
        first = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: room[0], monotonic() + 100))
        second = asyncio.ensure_future(queues.turn(BOX, "m", 2.0, lambda: room[0], monotonic() + 100))
        await asyncio.sleep(0.01)
        room[0], left = 0.0, monotonic()
        first.cancel()
        assert await asyncio.wait_for(second, PATIENT_S)
        assert not queues.somebody_waits(BOX, "m")
        return monotonic() - left

    assert soonest(scene, 2.0) < 2.0


def test_a_sign_is_heard_before_the_time_is_over() -> None:
    """Room that comes sooner than was thought is used at once."""

    async def scene() -> float:
        queues, room, began = KeyQueues(), [1000.0], monotonic()
        waiting = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: room[0], monotonic() + 2000))
        await asyncio.sleep(0.01)
        room[0] = 0.0
        queues.wake("other")
        queues.wake("box")
        assert await asyncio.wait_for(waiting, PATIENT_S)
        return monotonic() - began

    assert soonest(scene, 1.0) < 1.0


def test_a_call_that_knows_another_key_does_not_wait_behind_those_that_do_not() -> None:
    """A reload that brings a key helps at once; calls of the config before wait on for theirs."""

    async def scene() -> float:
        queues, until = KeyQueues(), monotonic() + 100
        before = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: 60.0, until))
        await asyncio.sleep(0.01)
        with_more = Held("a", "b").settings
        assert queues.somebody_waits(BOX, "m")
        assert not queues.somebody_waits(with_more, "m")
        began = monotonic()
        assert await asyncio.wait_for(queues.turn(with_more, "m", 2.0, lambda: 0.0, until), PATIENT_S)
        before.cancel()
        return monotonic() - began

    assert soonest(scene, 2.0) < 2.0
