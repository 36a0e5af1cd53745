"""Several addresses of one name, tried so that a dead one costs a quarter of a second (RFC 8305, "happy eyeballs")."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

STAGGER_S = 0.25


async def first_to_connect(
    addresses: Sequence[str],
    dial: Callable[[str], Awaitable[T]],
    discard: Callable[[T], None],
    stagger: float = STAGGER_S,
) -> T:
    """Return the first success; the next address is begun when one fails, or after `stagger` seconds.

    `dial` must clean up after itself when it fails or is cancelled; `discard` gets every success that came second.
    Raises the first failure if all fail.
    """
    if len(addresses) == 1:
        return await dial(addresses[0])
    waiting = list(addresses)
    tasks: set[asyncio.Task[T]] = set()
    failures: list[BaseException] = []
    try:
        while waiting or tasks:
            if waiting:
                tasks.add(asyncio.ensure_future(dial(waiting.pop(0))))
            done, _ = await asyncio.wait(
                tasks, timeout=stagger if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            tasks -= done
            for task in done:
                error = task.exception()
                if error is None:
                    _discard_others(done - {task}, discard)
                    return task.result()
                failures.append(error)
        raise failures[0]
    finally:
        await _cancel(tasks, discard)


def _discard_others(tasks: set[asyncio.Task[T]], discard: Callable[[T], None]) -> None:
    for task in tasks:
        if task.exception() is None:
            discard(task.result())


async def _cancel(tasks: set[asyncio.Task[T]], discard: Callable[[T], None]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        await asyncio.wait([task])
        if not task.cancelled():
            _discard_others({task}, discard)
