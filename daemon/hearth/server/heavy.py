"""How much of large requests is held at once: what would not fit waits to be read, and is then refused (F38).

A crowd of requests with pictures shall not bring down the daemon, and with it the streams of everybody else.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from hearth.problems import QueueFull

LIGHT = 1 << 20
"""Bytes up to which a body is not worth counting."""
MOST = 192 << 20
"""Bytes of bodies at once: with what is made of them it stays below what the service file allows in all."""
PATIENCE_S = 10.0
_MIB = 1 << 20


class HeavyBodies:
    """The large bodies of now, by who holds them: a connection, which has one at a time. The event loop's alone."""

    def __init__(self, most: int = MOST, patience_s: float = PATIENCE_S) -> None:
        """Nothing is held."""
        self.held: dict[object, int] = {}
        self._most = most
        self._patience_s = patience_s
        self._freed = asyncio.Event()

    async def take(self, holder: object, size: int) -> None:
        """Let somebody hold so many bytes, instead of those before; one that stands alone always may.

        Raises `QueueFull` where there was no room in time.
        """
        if not self._fits(holder, size):
            with suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s):
                    await self._room(holder, size)
        if not self._fits(holder, size):
            raise QueueFull(
                f"Hearth holds {sum(self.held.values()) // _MIB} MB of other large requests already.",
                next_step="Send fewer of them at once.",
                retry_after=self._patience_s,
            )
        self.held[holder] = size

    def give(self, holder: object) -> None:
        """Say that somebody holds nothing any more."""
        if self.held.pop(holder, None) is not None:
            self._freed.set()

    async def _room(self, holder: object, size: int) -> None:
        while not self._fits(holder, size):
            self._freed.clear()
            await self._freed.wait()

    def _fits(self, holder: object, size: int) -> bool:
        others = sum(self.held.values()) - self.held.get(holder, 0)
        return not others or others + size <= self._most
