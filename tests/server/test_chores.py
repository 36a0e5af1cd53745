"""What the daemon does beside its calls: one part that fails neither ends for good nor brings down the others."""

from __future__ import annotations

import asyncio
from time import monotonic

from end_to_end.callers import until
from hearth.chores import Chores
from hearth_home import running
from promised_times import soonest
from server.door import ask


def test_what_fails_is_begun_again_and_told_until_it_is_well() -> None:
    """F39: three failures, then it works: begun four times, its state told meanwhile, nothing left of it."""
    tries: list[dict[str, str]] = []

    async def act() -> Chores:
        chores = Chores(first_pause_s=0.001)
        done = asyncio.Event()

        async def ailing() -> None:
            tries.append(dict(chores.ailing))
            if len(tries) < 4:
                raise ValueError("secret words")
            done.set()

        chores.begin("the part", ailing)
        await asyncio.wait_for(done.wait(), 20)
        await asyncio.sleep(0)
        await chores.end()
        return chores

    chores = asyncio.run(act())

    assert tries == [{}, *([{"the part": "ValueError; the log has more"}] * 3)]
    assert chores.ailing == {}


def test_the_end_is_not_waited_for() -> None:
    """F39: a part that would go on for ever, and one in its pause, end when the daemon does."""

    async def act() -> float:
        chores = Chores(first_pause_s=60)

        async def broken() -> None:
            raise OSError

        chores.begin("one that runs", asyncio.Event().wait)
        chores.begin("one that pauses", broken)
        await until(lambda: chores.ailing)
        began = monotonic()
        await asyncio.wait_for(chores.end(), 20)
        assert len(asyncio.all_tasks()) == 1, "the test's own"
        return monotonic() - began

    assert soonest(act, 1.0) < 1.0


def test_a_part_that_failed_shows_in_status_and_calls_go_on() -> None:
    """F39: `hearth status` says which part it is; whoever asks is answered."""

    async def act() -> tuple[object, int]:
        async with running() as home:

            async def broken() -> None:
                raise RuntimeError

            home.daemon.chores.begin("the watch on nothing", broken)
            await until(lambda: home.daemon.chores.ailing)
            token = [("Authorization", f"Bearer {home.token('admin')}")]
            status = await ask(home, "GET", "/hearth/v1/status", token)
            return status.json()["ailing"], (await ask(home, "GET", "/api/version")).status

    ailing, answered = asyncio.run(act())

    assert ailing == {"the watch on nothing": "RuntimeError; the log has more"}
    assert answered == 200
