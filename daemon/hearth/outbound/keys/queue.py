"""Calls that wait for a key of a provider to have room, the oldest first."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable
from time import monotonic

from hearth_config.settings import Provider

_Name = tuple[str, ...]
"""A provider, a model, and the provider's keys."""


class _Waiter:
    """One call; it is before those that came later."""

    __slots__ = ("since", "woken")

    def __init__(self, since: float) -> None:
        self.since = since
        self.woken = asyncio.Event()

    def __lt__(self, other: _Waiter) -> bool:
        return self.since < other.since


class KeyQueue:
    """The calls that wait for one model at one provider."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        """Nobody waits."""
        self._waiting: list[_Waiter] = []

    def __len__(self) -> int:
        """Count those who wait."""
        return len(self._waiting)

    def wake(self) -> None:
        """Let the first look again whether there is room."""
        if self._waiting:
            self._waiting[0].woken.set()

    async def turn(self, since: float, room_s: Callable[[], float], until: float) -> bool:
        """Wait until it is this call's turn and there is room; False when that would be after `until`.

        `since` is when the call began: an older one goes before a newer one. `room_s` returns in how many seconds
        there may be room, 0 is now. Times are seconds of the monotonic clock.
        """
        me = _Waiter(since)
        insort(self._waiting, me)
        try:
            while True:
                wait, now, first = room_s(), monotonic(), self._waiting[0] is me
                if first and wait <= 0:
                    return True
                if now + wait > until:
                    return False
                await _either(me.woken, wait if first else until - now)
        finally:
            self._waiting.remove(me)
            self.wake()


async def _either(woken: asyncio.Event, seconds: float) -> None:
    """Wait for a sign, for so long at most."""
    try:
        async with asyncio.timeout(seconds):
            await woken.wait()
    except TimeoutError:
        return
    woken.clear()


class KeyQueues:
    """The queues of all providers; there is one only while somebody waits."""

    __slots__ = ("_queues",)

    def __init__(self) -> None:
        """Nobody waits."""
        self._queues: dict[_Name, KeyQueue] = {}

    def somebody_waits(self, provider: Provider, model: str) -> bool:
        """Whether a call waits for a model already, with the same keys."""
        return bool(self._queues) and _name(provider, model) in self._queues

    def wake(self, provider: str) -> None:
        """Say that something has changed for the keys of a provider."""
        if self._queues:
            for (name, *_), queue in self._queues.items():
                if name == provider:
                    queue.wake()

    async def turn(
        self, provider: Provider, model: str, since: float, room_s: Callable[[], float], until: float
    ) -> bool:
        """Wait in the queue of a model; the rest is as `KeyQueue.turn` has it."""
        name = _name(provider, model)
        queue = self._queues.setdefault(name, KeyQueue())
        try:
            return await queue.turn(since, room_s, until)
        finally:
            if not len(queue):
                self._queues.pop(name, None)


def _name(provider: Provider, model: str) -> _Name:
    """Calls of an older config, which knew other keys, wait in a queue of their own."""
    return provider.name, model, *(key.id for key in provider.keys)
