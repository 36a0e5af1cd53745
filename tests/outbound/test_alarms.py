"""One timer for many waits: each is called when its time is over, and nobody who has left."""

from __future__ import annotations

import asyncio
from time import monotonic

from hearth.outbound.alarms import Alarms

SECONDS = 0.05


class _Sleeper:
    def __init__(self) -> None:
        self.rung: list[float] = []

    def ring(self) -> None:
        self.rung.append(monotonic())


def test_each_is_called_once_when_its_own_time_is_over() -> None:
    """Those who came later are called later, by the same timer."""

    async def wait() -> None:
        alarms, sleepers, began = Alarms(SECONDS), [_Sleeper() for _ in range(3)], []
        for sleeper in sleepers:
            began.append(monotonic())
            alarms.begin(sleeper)
            await asyncio.sleep(SECONDS / 3)

        await asyncio.sleep(SECONDS * 3)

        for sleeper, since in zip(sleepers, began, strict=True):
            (rung,) = sleeper.rung
            assert rung - since >= SECONDS

    asyncio.run(wait())


def test_who_has_left_is_not_called() -> None:
    """The timer may run on for others; who comes after all have left is called all the same."""

    async def wait() -> None:
        alarms, gone, stays, late = Alarms(SECONDS), _Sleeper(), _Sleeper(), _Sleeper()
        alarms.begin(gone)
        alarms.begin(stays)
        alarms.end(gone)
        await asyncio.sleep(SECONDS * 2)
        alarms.begin(late)

        await asyncio.sleep(SECONDS * 2)

        assert (gone.rung, len(stays.rung), len(late.rung)) == ([], 1, 1)

    asyncio.run(wait())
