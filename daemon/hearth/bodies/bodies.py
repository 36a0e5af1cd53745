"""The bodies as the event loop sees them: handed over, written by a thread beside it; no call ever waits for a disk."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time
from typing import TypeVar

from hearth.bodies.kept import Kept
from hearth.bodies.store import Store
from hearth.ledger import files
from hearth.side_file import Unusable
from hearth.status_bodies import BodiesStatus

log = logging.getLogger("hearth.bodies")

MOST_WAITING = 64 * 1024 * 1024
"""Bytes that may wait to be written; a call that would make them more is not kept, and counted as lost."""
EXPIRE_EVERY_S = 3600.0
Found = TypeVar("Found")


class Bodies:
    """What was said, on disk. All methods belong to the event loop."""

    on = False
    keep_s = 0.0
    room = 0
    """Bytes on disk."""

    def __init__(self, path: Path) -> None:
        """Nothing is kept before `use` says so, and no file is made before the first call."""
        self.path = path
        self._kept = 0
        self._lost = 0
        self._note = ""
        self._store = Store(path)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: deque[Kept] = deque()
        self._waiting_bytes = 0
        self._writing: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def use(self, *, on: bool, keep_s: float, room: int) -> None:
        """Take what the config of now says: what is too old goes at once, and then every hour, also while it is off."""
        was, self.on, self.keep_s, self.room = self.on, on, keep_s, room
        if on and not was:
            log.warning("usage.bodies is on: every prompt and answer is kept on disk, in %s", self.path)
        self._expire()

    def view(self) -> BodiesStatus | None:
        """Return how it stands; None where nothing is kept and nothing lies on disk."""
        on_disk = files.size(self.path)
        if not self.on and not on_disk:
            return None
        known = self._store.size
        size = on_disk if known is None else known
        return BodiesStatus(self.on, str(self.path), size, self.room, self._kept, self._lost, self._note)

    def keep(self, one: Kept) -> None:
        """Keep what was said in a call, beside everything else. Never raises, never waits."""
        if self._waiting_bytes + one.room > MOST_WAITING:
            self._lost += 1
            return
        self._waiting.append(one)
        self._waiting_bytes += one.room
        if self._writing is None:
            self._write()

    async def find(self, call: str) -> Kept | None:
        """Return what was said in a call, None where that was not kept. Raises `Unusable`."""
        waiting = next((one for one in self._waiting if one.call == call), None)
        return waiting or await self._in_thread(lambda: self._store.find(call))

    async def purge(self) -> int:
        """Delete all of it; returns of how many calls there was something on disk. Raises `Unusable`."""
        self._waiting.clear()
        self._waiting_bytes = 0
        purged = await self._in_thread(self._store.purge)
        self._note = ""
        return purged

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        if self._timer is not None:
            self._timer.cancel()
        while self._writing is not None:
            await asyncio.wait({self._writing})
        if self._thread is not None:
            await self._in_thread(self._store.close)
            self._thread.shutdown(wait=False)
            self._thread = None

    def _expire(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(EXPIRE_EVERY_S, self._expire)
        before, close = time() - self.keep_s, not self.on
        self._later(lambda: self._store.expire(before, close=close)).add_done_callback(self._expired)

    def _expired(self, done: asyncio.Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._complain(str(error) if isinstance(error, Unusable) else type(error).__name__)

    def _write(self) -> None:
        several, room = tuple(self._waiting), self.room
        self._writing = self._later(lambda: self._store.keep(several, room))
        self._writing.add_done_callback(lambda done: self._written(done, several))

    def _written(self, done: asyncio.Future[None], several: tuple[Kept, ...]) -> None:
        self._writing = None
        error = None if done.cancelled() else done.exception()
        if error is None:
            self._kept += len(several)
            self._note = ""
        else:
            self._lost += len(several)
            self._complain(str(error) if isinstance(error, Unusable) else f"{type(error).__name__}; restart Hearth")
        for one in several:
            if self._waiting and self._waiting[0] is one:
                self._waiting.popleft()
                self._waiting_bytes -= one.room
        if self._waiting:
            self._write()

    def _complain(self, why: str) -> None:
        if why != self._note:
            log.warning("prompts and answers are not kept now: %s", why)
        self._note = why

    async def _in_thread(self, work: Callable[[], Found]) -> Found:
        return await self._later(work)

    def _later(self, work: Callable[[], Found]) -> asyncio.Future[Found]:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="hearth-bodies")
        return asyncio.get_running_loop().run_in_executor(self._thread, work)
