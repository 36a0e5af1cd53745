"""Promises of how soon something happens, held of the code and not of the machine that runs many tests beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def held_once_of(tries: int, scene: Callable[[], T], held: Callable[[T], bool]) -> T:
    """Play a scene until `held` is true of what it found, at most so often; return what the last one found.

    "Within a second" says what Hearth takes. A machine that stands still for as long breaks that now and then, a Hearth
    that is too slow breaks it each time: so one try that holds is enough, and the caller asserts the bound on it. What
    a scene raises is raised at once: only what depends on time may be tried again.
    """
    for _ in range(tries - 1):
        found = scene()
        if held(found):
            return found
    return scene()


def soonest(scene: Callable[[], Coroutine[Any, Any, float]], most_s: float) -> float:
    """The seconds that a scene says it took, played until they are fewer than `most_s`, three times at most."""
    return held_once_of(3, lambda: asyncio.run(scene()), lambda seconds: seconds < most_s)
