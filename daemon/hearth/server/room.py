"""How many connections a listener may hold, by how many files the system lets us open (F32)."""

from __future__ import annotations

import sys

RESERVE = 40
"""Open files of our own: listeners, databases, watches, the event loop, and a few for what comes up."""
FEWEST = 4


def room_for(listeners: int, wanted: int) -> int:
    """Return how many connections each of so many listeners may hold, `wanted` at most.

    Each may need a second file for its provider, and a flood at one must leave the others theirs.
    """
    if sys.platform == "win32":
        return wanted
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(FEWEST, min(wanted, (soft - RESERVE) // (2 * max(listeners, 1))))
