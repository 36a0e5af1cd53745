"""What goes on, told to those who watch when it changes: how many calls are answered here, elsewhere, or wait.

The tray's icon lives of it. Nothing is counted while nobody watches.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from hearth.server.events import Events
    from hearth.server.live import LiveCalls

SOON_S = 0.1
"""So long after a call has begun or ended it is told: hundreds that come and go meanwhile are one line."""
AGAIN_S = 0.5
"""How often it is looked at while calls are in flight: they leave queues, and fall back."""


class Activity(Struct, frozen=True):
    """Calls in flight: `here`, in the user's network (`lan`), `away` in the cloud, and `queued` for a slot."""

    here: int = 0
    lan: int = 0
    away: int = 0
    queued: int = 0


class ActivityWatch:
    """Tells what goes on when it is not what was told last."""

    def __init__(self, calls: LiveCalls, events: Events) -> None:
        """Nothing goes on yet."""
        self._calls = calls
        self._events = events
        self._told = Activity()
        self._timer: asyncio.TimerHandle | None = None

    def poke(self) -> None:
        """Note that a call has begun or ended, or that somebody has begun to watch."""
        if self._timer is None and self._events.watched:
            self._timer = asyncio.get_running_loop().call_later(SOON_S, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self.now()
        if now != self._told:
            self._told = now
            self._events.show("activity", here=now.here, lan=now.lan, away=now.away, queued=now.queued)
        if len(self._calls) and self._events.watched:
            self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self._look)

    def now(self) -> Activity:
        """Return what goes on."""
        here = lan = away = queued = 0
        for live in self._calls:
            place, waits = live.whereabouts()
            queued += waits
            away += place == "cloud"
            lan += place == "lan" and not waits
            here += place == "machine" and not waits
        return Activity(here, lan, away, queued)
