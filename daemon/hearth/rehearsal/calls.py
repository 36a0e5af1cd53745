"""What the rehearsal saw: one record a request, and waiting for something to be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

T = TypeVar("T")


class Call(msgspec.Struct):
    """One request as it arrived and what became of it. Times are `time.monotonic()` seconds.

    `path` is the request target with its query; `connection` numbers the connections from 1. `hung_up_at` is set if
    the client closed before the reply was whole; `bytes_sent` counts everything, head included; `status` is 0 while
    nothing was answered. `tokens` are those given and made that a whole reply has told of; None while it told of none.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: float
    connection: int
    finished_at: float | None = None
    hung_up_at: float | None = None
    bytes_sent: int = 0
    status: int = 0
    tokens: tuple[int, int] | None = None

    def header(self, name: str) -> str:
        """The first value of a header, any case, or ""."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    def json(self) -> dict[str, object]:
        """The body as a JSON object."""
        return msgspec.json.decode(self.body, type=dict[str, object])


class Watch:
    """Lets any number of tasks wait until something is true; whoever changes something says so."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def notify(self) -> None:
        """Something changed: everybody looks again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def until(self, found: Callable[[], T | None], timeout: float) -> T:
        """What `found` gives as soon as it gives something. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(timeout):
            while (value := found()) is None:
                await self._changed.wait()
        return value
