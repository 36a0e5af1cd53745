"""What has just happened, for those who watch: tray, dashboard, `hearth log -f`. Never what was said."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import time
from typing import TypeAlias

from msgspec import Struct

log = logging.getLogger("hearth")

Fact: TypeAlias = str | int | float | bool | None
_KEPT = 200
_BACKLOG = 256


class Happening(Struct, frozen=True):
    """One event: when (time.time()), what kind, and its facts."""

    at: float
    kind: str
    facts: dict[str, Fact]


class Events:
    """Hands events to all watchers; one that is slow loses the oldest, and nobody else waits for it."""

    def __init__(self) -> None:
        """Nobody watches yet."""
        self.recent: deque[Happening] = deque(maxlen=_KEPT)
        self._watchers: set[asyncio.Queue[Happening]] = set()

    def say(self, kind: str, **facts: Fact) -> None:
        """Tell all watchers, and the daemon's own log."""
        happening = Happening(time(), kind, facts)
        self.recent.append(happening)
        log.info("%s %s", kind, " ".join(f"{name}={_in_line(value)}" for name, value in facts.items()))
        self._hand_out(happening)

    @property
    def watched(self) -> bool:
        """Whether anybody watches, so that what would be said to nobody need not be put together."""
        return bool(self._watchers)

    def show(self, kind: str, **facts: Fact) -> None:
        """Tell the watchers alone: what is ordinary is no line of the log."""
        self._hand_out(Happening(time(), kind, facts))

    def _hand_out(self, happening: Happening) -> None:
        for queue in self._watchers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(happening)

    def watch(self) -> asyncio.Queue[Happening]:
        """Return a queue that gets what happens from now on; give it back with `unwatch`."""
        queue: asyncio.Queue[Happening] = asyncio.Queue(_BACKLOG)
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: asyncio.Queue[Happening]) -> None:
        """Stop feeding a queue."""
        self._watchers.discard(queue)


def _in_line(fact: Fact) -> str:
    """Return a fact as it may stand in a line of the log: names that others chose hold what they like (T26)."""
    text = str(fact)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
