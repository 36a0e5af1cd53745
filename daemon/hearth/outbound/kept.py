"""Replies that hold for a while, such as a model's description: few, small, and each with its time."""

from __future__ import annotations

from time import monotonic

from hearth.dialects.dialect import Head

MOST = 32
MOST_BYTES = 512 * 1024
"""Of one reply; a longer one is asked for each time."""


class Kept:
    """What was asked for and need not be asked again yet. The oldest goes first."""

    def __init__(self) -> None:
        """Keep nothing."""
        self._replies: dict[tuple[object, str], tuple[float, Head, bytes]] = {}

    def get(self, where: object, path: str) -> tuple[Head, bytes] | None:
        """Return the reply that this path at this place gave, unless its time is over."""
        found = self._replies.get((where, path))
        if found is None:
            return None
        if found[0] < monotonic():
            del self._replies[where, path]
            return None
        return found[1], found[2]

    def put(self, where: object, path: str, reply: tuple[Head, bytes], seconds: float) -> None:
        """Keep a reply for so many seconds."""
        head, body = reply
        if len(body) > MOST_BYTES:
            return
        self._replies.pop((where, path), None)
        while len(self._replies) >= MOST:
            del self._replies[next(iter(self._replies))]
        self._replies[where, path] = (monotonic() + seconds, head, body)
