"""The answers on disk, as the event loop sees them: a thread beside it, and no call ever waits for a broken disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from hearth.cache.answer import Answer, pack, unpack
from hearth.cache.store import Room, Store, Sums
from hearth.side_file import Unusable

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("hearth.cache")

PATIENCE_S = 1.0
"""A disk that takes longer to look something up is left alone: the call is answered as if nothing were kept."""
PAUSE_S = 5.0
REST_S = 300.0
"""How long a cache that was slow, or could not be used, is not tried again."""
MOST_WAITING = 64
"""Answers that wait to be written; one more is not kept."""
Found = TypeVar("Found")


class Shelf:
    """The kept answers. All methods belong to the event loop; none raises for what the disk does."""

    def __init__(self, path: Path, key_path: Path, room: Room, opener: type[Store] = Store) -> None:
        """Nothing is opened before the first question."""
        self.path = path
        self.note = ""
        """Why nothing is kept now, "" while all is well."""
        self.patience_s = PATIENCE_S
        """How long a call waits for the disk."""
        self._store = opener(path, key_path, room)
        self._thread: ThreadPoolExecutor | None = None
        self._rests_until = 0.0
        self._waiting = 0

    def use(self, room: Room) -> None:
        """Keep so much from now on."""
        self._store.room = room

    @property
    def size(self) -> int | None:
        """The bytes that are kept; None while nothing was asked for yet."""
        return self._store.size

    @property
    def rests(self) -> bool:
        """Whether the disk is left alone for now."""
        return self._rests_until > monotonic()

    async def find(self, question: bytes) -> tuple[bytes, Answer | None]:
        """Return the name that a question's answer is kept under, b"" while nothing can be kept, and the answer."""
        return await self._ask(lambda: self._find(question)) or (b"", None)

    def _find(self, question: bytes) -> tuple[bytes, Answer | None]:
        name = self._store.name(question)
        data = self._store.find(name)
        try:
            return name, unpack(data) if data is not None else None
        except ValueError:
            self._store.drop(name)
            return name, None

    def keep(self, name: bytes, answer: Answer) -> None:
        """Keep an answer, beside everything else; when the disk lags behind, it is not kept."""
        if self._waiting < MOST_WAITING:
            self._later(lambda: self._keep(name, answer))

    async def sums(self) -> Sums:
        """Return what is kept. Raises `Unusable`."""
        return await asyncio.get_running_loop().run_in_executor(self._executor(), self._store.sums)

    async def clear(self) -> Sums:
        """Delete everything that is kept, and begin anew. Raises `Unusable`."""
        before = await asyncio.get_running_loop().run_in_executor(self._executor(), self._store.clear)
        self.note, self._rests_until = "", 0.0
        return before

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
            self._thread.shutdown(wait=False)
            self._thread = None

    def _keep(self, name: bytes, answer: Answer) -> None:
        try:
            packed = pack(answer)
        except UnicodeEncodeError:
            return  # half a surrogate pair is no text that could be kept
        self._store.keep(name, packed)

    async def _ask(self, work: Callable[[], Found]) -> Found | None:
        if self.rests:
            return None
        try:
            async with asyncio.timeout(self.patience_s):
                found = await asyncio.get_running_loop().run_in_executor(self._executor(), work)
        except TimeoutError:
            self._rest(f"{self.path} takes too long to read", PAUSE_S)
            return None
        except Unusable as error:
            self._rest(str(error), REST_S)
            return None
        self.note = ""
        return found

    def _later(self, work: Callable[[], None]) -> None:
        if self.rests:
            return
        self._waiting += 1
        asyncio.get_running_loop().run_in_executor(self._executor(), work).add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._waiting -= 1
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Unusable):
            self._rest(str(error), REST_S)
        elif error is not None:
            log.error("an answer could not be kept: %s", type(error).__name__)

    def _rest(self, why: str, for_s: float) -> None:
        self._rests_until = monotonic() + for_s
        if why != self.note:
            self.note = why
            log.warning("the answer cache is off for %.0f s: %s", for_s, why)

    def _executor(self) -> ThreadPoolExecutor:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hearth-cache")
        return self._thread
