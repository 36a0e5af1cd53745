"""The pauses that faults make, which whoever waits for something else meanwhile may end before their time."""

from __future__ import annotations

import asyncio
import contextlib


class Pauses:
    """Each pause lasts as long as its fault says, or until `end`: so that nobody need guess how long one must take."""

    def __init__(self) -> None:
        self._over = asyncio.Event()

    async def take(self, seconds: float) -> None:
        """Wait so many seconds, or until there are no more pauses."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    def end(self) -> None:
        """End the pauses that are under way, and let none begin any more."""
        self._over.set()
