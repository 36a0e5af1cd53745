"""Whether the machine has slept: the clock that counts sleep has run ahead of the one that does not (F56)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

GAP_S = 5.0

Clock = Callable[[], float]


def _clock_with_sleep() -> Clock:
    clock = getattr(time, "CLOCK_BOOTTIME", None) or getattr(time, "CLOCK_MONOTONIC", None)
    return partial(time.clock_gettime, clock) if clock is not None else time.monotonic


with_sleep = _clock_with_sleep()
"""Seconds that count sleep; where the system has no such clock (Windows counts it in both), the same as `monotonic`."""


class SuspendWatch:
    """Compares the two clocks whenever it is asked; it has no timer of its own."""

    def __init__(self, sleepless: Clock = time.monotonic, with_sleep: Clock = with_sleep) -> None:
        """Remember how far the clocks are apart now."""
        self._sleepless = sleepless
        self._with_sleep = with_sleep
        self._apart = with_sleep() - sleepless()

    def slept(self) -> float:
        """Return the seconds slept since the last time this said so; 0.0 for less than `GAP_S`."""
        apart = self._with_sleep() - self._sleepless()
        gap = apart - self._apart
        if gap < GAP_S:
            return 0.0
        self._apart = apart
        return gap
