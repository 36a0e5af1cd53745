"""What Hearth itself takes of this machine."""

from __future__ import annotations

import psutil


def own_memory() -> int:
    """Return the resident memory of this process in bytes."""
    return int(psutil.Process().memory_info().rss)
