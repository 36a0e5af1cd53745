"""Runs a coroutine on uvloop where it exists, else on asyncio's own loop; mock and load generator use the same."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")
Load = Coroutine[object, object, T]


def run(work: Load[T]) -> T:
    """Run `work` on a fresh event loop and return what it returns."""
    if sys.platform == "win32":
        return asyncio.run(work)
    else:  # noqa: RET505  # so that mypy knows which branch a system takes
        import uvloop

        return uvloop.run(work)
