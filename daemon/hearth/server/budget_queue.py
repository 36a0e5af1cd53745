"""Calls that wait for room in the budget: the rest is set aside for calls under way, most of which cost far less."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic


class BudgetQueue:
    """Wakes those who wait, in the order in which they came, when a call has been settled. The event loop's alone."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._settled = asyncio.Event()

    def settled(self) -> None:
        """Say that what was set aside for a call is free again."""
        before, self._settled = self._settled, asyncio.Event()
        before.set()

    async def wait(self, is_full: Callable[[], bool], patience_s: float) -> float:
        """Wait while it is full, and not beyond patience; returns for how many seconds."""
        since = monotonic()
        while is_full() and (left := since + patience_s - monotonic()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._settled.wait()
        return monotonic() - since
