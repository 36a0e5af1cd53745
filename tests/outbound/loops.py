"""Both event loops that Hearth runs on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine

Runner = Callable[[Coroutine[None, None, None]], None]


def loops() -> list[Runner]:
    """Asyncio's own, and uvloop where it exists."""
    if sys.platform == "win32":
        return [asyncio.run]
    import uvloop

    return [asyncio.run, uvloop.run]
