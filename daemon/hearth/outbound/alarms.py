"""One timer for many waits of the same patience: nearly all of them end long before, and never pay for one."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Protocol


class Waits(Protocol):
    """Who wants to be called after a while."""

    def ring(self) -> None:
        """Say that the time is over."""
        ...


class Alarms:
    """Calls whoever has waited for `seconds`. One event loop's alone."""

    def __init__(self, seconds: float) -> None:
        """Nobody waits yet, and no timer runs."""
        self.seconds = seconds
        self._due: dict[Waits, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, waits: Waits) -> None:
        """Call somebody in `seconds`, once."""
        self._due[waits] = monotonic() + self.seconds
        if self._timer is None:
            self._arm(self.seconds)

    def end(self, waits: Waits) -> None:
        """Call somebody no more."""
        self._due.pop(waits, None)

    def _arm(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Call all whose time is over, and look again when the next one's is; all wait as long as each other."""
        self._timer = None
        for waits, due in list(self._due.items()):
            left = due - monotonic()
            if left > 0:
                self._arm(left)
                return
            self.end(waits)
            waits.ring()
