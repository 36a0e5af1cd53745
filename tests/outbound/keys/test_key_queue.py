"""Calls that wait for a key: the oldest first, none longer than it wants, and nobody is left behind."""

from __future__ import annotations

import asyncio
from time import monotonic

from hearth.outbound.keys.queue import KeyQueue, KeyQueues
from outbound.keys.test_key_choice import Held

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

    async def scene() -> bool:
        return await asyncio.wait_for(KeyQueue().turn(0.0, lambda: 1000.0, monotonic() + 500), 20)

    assert not asyncio.run(scene())


def test_who_leaves_holds_nobody_up() -> None:
    """A caller that hangs up while it waits gives its place to the next."""

    async def scene() -> tuple[bool, bool]:
        queues, room = KeyQueues(), [60.0]
        first = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: room[0], monotonic() + 100))
        second = asyncio.ensure_future(queues.turn(BOX, "m", 2.0, lambda: room[0], monotonic() + 100))
        await asyncio.sleep(0.01)
        room[0] = 0.0
        first.cancel()
        went = await asyncio.wait_for(second, 20)
        return went, queues.somebody_waits(BOX, "m")

    assert asyncio.run(scene()) == (True, False)


def test_a_sign_is_heard_before_the_time_is_over() -> None:
    """Room that comes sooner than was thought is used at once."""

    async def scene() -> bool:
        queues, room = KeyQueues(), [1000.0]
        waiting = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: room[0], monotonic() + 2000))
        await asyncio.sleep(0.01)
        room[0] = 0.0
        queues.wake("other")
        queues.wake("box")
        return await asyncio.wait_for(waiting, 20)

    assert asyncio.run(scene())


def test_a_call_that_knows_another_key_does_not_wait_behind_those_that_do_not() -> None:
    """A reload that brings a key helps at once; calls of the config before wait on for theirs."""

    async def scene() -> tuple[bool, bool, bool]:
        queues, until = KeyQueues(), monotonic() + 100
        before = asyncio.ensure_future(queues.turn(BOX, "m", 1.0, lambda: 60.0, until))
        await asyncio.sleep(0.01)
        with_more = Held("a", "b").settings
        waits = queues.somebody_waits(BOX, "m"), queues.somebody_waits(with_more, "m")
        went = await asyncio.wait_for(queues.turn(with_more, "m", 2.0, lambda: 0.0, until), 20)
        before.cancel()
        return *waits, went

    assert asyncio.run(scene()) == (True, False, True)
