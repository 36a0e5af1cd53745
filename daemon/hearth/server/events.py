"""What has just happened, for those who watch: tray, dashboard, `hearth log -f`. Never what was said."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import time
from typing import TypeAlias

import msgspec
from msgspec import Struct

from hearth.dialects.framing import sse

log = logging.getLogger("hearth")

Fact: TypeAlias = str | int | float | bool | None
_KEPT = 200
_BACKLOG = 1024
_encode = msgspec.json.Encoder().encode


class Happening(Struct, frozen=True):
    """One event: when (time.time()), what kind, and its facts."""

    at: float
    kind: str
    facts: dict[str, Fact]


class Watcher:
    """One who watches: the events that wait for it, as bytes of its stream; the oldest are lost when it is slow."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self._waiting: deque[bytes] = deque(maxlen=_BACKLOG)
        self._something = asyncio.Event()
        self._over = False

    def tell(self, event: bytes) -> None:
        """Add an event."""
        if not self._waiting:
            self._something.set()
        self._waiting.append(event)

    def leave(self) -> None:
        """End the stream after what still waits."""
        self._over = True
        self._something.set()

    async def next(self) -> bytes:
        """Return all that waits, once there is something; b"" at the end."""
        await self._something.wait()
        told = b"".join(self._waiting)
        self._waiting.clear()
        if not self._over:
            self._something.clear()
        return told


class Events:
    """Hands events to all watchers. A slow one loses the oldest, and nobody else waits for it."""

    def __init__(self) -> None:
        """Nobody watches yet."""
        self.recent: deque[Happening] = deque(maxlen=_KEPT)
        self._watchers: set[Watcher] = set()

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
        if self._watchers:
            event = sse(_encode(happening), happening.kind)
            for watcher in self._watchers:
                watcher.tell(event)

    def watch(self) -> Watcher:
        """Return a watcher that is told what happens from now on; give it back with `unwatch`."""
        watcher = Watcher()
        self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """Stop telling it."""
        self._watchers.discard(watcher)

    def close(self) -> None:
        """End all streams: the daemon stops."""
        for watcher in self._watchers:
            watcher.leave()


def _in_line(fact: Fact) -> str:
    """Return a fact as it may stand in a line of the log: names that others chose hold what they like (T26)."""
    text = str(fact)
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
