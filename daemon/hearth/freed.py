"""What is kept of freed memory: a few megabytes for the next prompt, and for long no more than that."""

from __future__ import annotations

import asyncio
import mmap
import sys
from collections.abc import Callable
from pathlib import Path

KEPT_BYTES = 16 << 20
"""How much freed memory the C library may keep."""
WORTH_IT = 48 << 20
"""Growth, in bytes, after which freed pages in the midst of used ones are looked for: that takes some milliseconds."""
LOOK_S = 10.0
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
_STATM = Path("/proc/self/statm")


def keep_freed_memory() -> None:
    """Let glibc keep a few megabytes that a large prompt has left, for the next one.

    Given back and asked for anew they cost a page fault each 4 KB, several times a prompt: a third of the time that
    translating a megabyte took. The figures are those of mallopt(3).
    """
    if sys.platform != "linux":
        return
    import ctypes

    mallopt = ctypes.CDLL(None).mallopt
    mallopt(M_MMAP_THRESHOLD, KEPT_BYTES // 2)
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


async def give_back(quiet: Callable[[], bool], look_s: float = LOOK_S) -> None:
    """Give back, while it is quiet, what a crowd of large calls has left in holes: else a peak would stay for ever.

    For as long as the daemon runs; at once over where the C library is another one.
    """
    trim = _trimmer()
    least = _resident()
    while trim is not None:
        await asyncio.sleep(look_s)
        now = _resident()
        if now > least + WORTH_IT and quiet():
            await asyncio.to_thread(trim)
            now = least = _resident()
        least = min(least, now)


def _trimmer() -> Callable[[], object] | None:
    """Return malloc_trim(3)."""
    if sys.platform != "linux":
        return None
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return None if trim is None else lambda: trim(0)


def _resident() -> int:
    """Return how many bytes of memory the process holds; 0 where the system does not say it so."""
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except OSError:
        return 0
    return pages * mmap.PAGESIZE
