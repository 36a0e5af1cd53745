"""The thread that writes: asleep while there is nothing to do, patient when the disk is not, whole again by itself."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import localtime, monotonic, time
from typing import Protocol, TypeVar

from hearth.ledger import faults, files
from hearth.ledger.learned import LearnedRow
from hearth.ledger.state import Damaged, LedgerFault, Limits, Moved
from hearth.ledger.store import Store, open_store
from hearth.record import Entry, Hold, Spending

Answer = TypeVar("Answer")
REPAIRS = 2
"""How often one try may set a damaged or lost file aside and begin again."""
log = logging.getLogger("hearth.ledger")


class Opener(Protocol):
    """Opens the database: `open_store`, or one that does more."""

    def __call__(self, path: Path, limits: Limits, *, check: bool) -> Store:
        """Return a store that is ready; raises as `open_store`."""


class Writer:
    """Takes entries to disk. The first part may be called from any thread, the rest is the writing thread's own."""

    def __init__(self, path: Path, keep_s: float | None, limits: Limits, opener: Opener = open_store) -> None:
        """Prepare; `thread.start()` begins. Calls older than `keep_s` seconds are deleted; None keeps all."""
        self.path = path
        self.keep_s = keep_s
        self.limits = limits
        self.waiting: deque[Entry] = deque()
        self.batch: list[Entry] = []
        """Taken from `waiting`, not yet known to be on disk."""
        self.holds: deque[Hold] = deque(maxlen=limits.entries)
        """Money set aside for calls under way, not yet known to be on disk."""
        self.asleep = False
        """Whether a `wake` is wanted. Set before `waiting` is looked at for the last time, so that none is missed."""
        self.written = 0
        self.unfit = 0
        """Entries that fit no row; they were dropped."""
        self.fault = ""
        self.notice = ""
        self.thread = Thread(target=self._run, name="hearth-ledger", daemon=True)
        self._open = opener
        self._inbox: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._store: Store | None = None
        self._check = True
        self._stopping = False
        self._failures = 0
        self._spent: list[Spending] | None = None
        """What was spent before this start, read before the first row of our own is written."""
        self._next_try = 0.0
        self._retired = -1
        """The day of the year on which old calls were last deleted."""

    def wake(self) -> None:
        """Say that `waiting` is no longer empty; never blocks."""
        self.asleep = False
        self._inbox.put(None)

    def flush(self) -> Future[bool]:
        """Ask for a commit now; the answer is whether all is on disk that was added before."""
        return self._ask(self._flushed)

    def purge(self, before: float | None) -> Future[int]:
        """Ask for a purge; the answer is how many calls are gone, or a `LedgerFault`."""
        return self._ask(lambda: self._purged(before))

    def spent(self) -> Future[list[Spending]]:
        """Ask for what was spent before this start; the answer is a `LedgerFault` where nobody can say."""
        return self._ask(self._read_spent)

    def learned(self) -> Future[list[LearnedRow]]:
        """Ask for what was learned of targets before; the answer is empty where the log cannot be read."""
        return self._ask(self._read_learned)

    def keep_learned(self, rows: Sequence[LearnedRow]) -> Future[bool]:
        """Ask to keep what was learned of targets; the answer is whether it is on disk."""
        return self._ask(lambda: self._keep_learned(rows))

    def stop(self) -> Future[bool]:
        """Ask for a last commit and the end; the answer is whether all is on disk."""
        return self._ask(self._stopped)

    def _ask(self, question: Callable[[], Answer]) -> Future[Answer]:
        answer: Future[Answer] = Future()

        def work() -> None:
            if not answer.set_running_or_notify_cancel():
                return
            try:
                answer.set_result(question())
            except Exception as error:  # noqa: BLE001 -- whoever asked gets it
                answer.set_exception(error)

        self._inbox.put(work)
        return answer

    # The writing thread.

    def _run(self) -> None:
        while not self._stopping:
            pause = self._pause()
            if pause is not None and pause <= 0:
                self._work()
            else:
                self._receive(pause)
        if self._store is not None:
            self._store.close()

    def _pause(self) -> float | None:
        """Seconds until there is something to do; None is until somebody calls."""
        if self.fault or self._store is None or self.batch or self.waiting or self.holds or self._retiring():
            return self._next_try - monotonic()
        self.asleep = True
        if not (self.waiting or self.holds):
            return None
        self.asleep = False
        return self._next_try - monotonic()

    def _receive(self, pause: float | None) -> None:
        try:
            work = self._inbox.get(timeout=pause)
        except Empty:
            return
        self.asleep = False
        if work is not None:
            work()

    def _work(self) -> bool:
        """Try once to open, write and delete what is old; returns whether nothing stood in the way."""
        for _ in range(REPAIRS + 1):
            try:
                store = self._opened()
                self._write(store)
                self._retire(store)
            except Exception as error:  # noqa: BLE001 -- the thread outlives everything, else the log would end silently
                if self._failed(error):
                    continue
                return False
            self._healed()
            return True
        return False

    def _opened(self) -> Store:
        if self._store is None:
            self._store = self._open(self.path, self.limits, check=self._check)
            self._check = False
        return self._store

    def _write(self, store: Store) -> None:
        while self.waiting:
            self.batch.append(self.waiting.popleft())
        if self._spent is None:
            self._spent = store.spent()
        self._write_holds(store)
        if not self.batch:
            return
        unfit = store.write(self.batch)
        self.unfit += unfit
        self.written += len(self.batch) - unfit
        self.batch = []

    def _write_holds(self, store: Store) -> None:
        """Write what is set aside for calls under way; those that end in this batch need it no more."""
        ended = {entry.call.id for entry in self.batch}
        held = tuple(self.holds)
        lasting = [one for one in held if one.call_id not in ended]
        if lasting:
            store.hold(lasting)
        for _ in held:
            self.holds.popleft()

    def _retiring(self) -> bool:
        return self.keep_s is not None and localtime().tm_yday != self._retired

    def _retire(self, store: Store) -> None:
        """Delete some of what is too old: a part at each try until the day's share is done."""
        if self.keep_s is None or not self._retiring():
            return
        today = localtime().tm_yday
        if not store.retire(time() - self.keep_s):
            self._retired = today

    def _healed(self) -> None:
        if self.fault:
            log.info("The usage log works again.")
        self.fault = ""
        self._failures = 0
        self._next_try = monotonic() + self.limits.window

    def _failed(self, error: Exception) -> bool:
        """Note what went wrong and when to try again; returns whether it was repaired and may be tried at once."""
        fault = faults.understood(error, self.path)
        try:
            repaired = self._repaired(fault)
        except (OSError, LedgerFault) as worse:
            fault, repaired = faults.understood(worse, self.path), False
        if not repaired:
            self._complain(fault.text)
            if not faults.lasting(error):
                self._drop_store()
        self._failures += 1
        pause = self.limits.backoff * 2 ** min(self._failures - 1, 10)
        self._next_try = monotonic() + min(pause, self.limits.longest_backoff)
        return repaired

    def _complain(self, text: str) -> None:
        if text != self.fault:
            log.warning("%s", text)
        self.fault = text

    def _repaired(self, fault: LedgerFault) -> bool:
        """Set a damaged file aside, or let go of one that is gone, so that the next try begins a fresh one."""
        if isinstance(fault, Damaged):
            self._drop_store()
            copy = files.set_aside(self.path, self.limits.damaged_copies)
            self._tell(f"The usage log was damaged and is kept as {copy.name}; a fresh one was begun.")
            return True
        if isinstance(fault, Moved) and self._store is not None:
            self._store.part()
            self._store, self._check = None, True
            self._tell("The usage log was deleted or replaced, so another one was begun.")
            return True
        return False

    def _tell(self, notice: str) -> None:
        self.notice = notice
        log.warning("%s", notice)

    def _drop_store(self) -> None:
        self._check = True
        if self._store is not None:
            self._store.close()
            self._store = None

    def _flushed(self) -> bool:
        return self._work() and not self.batch

    def _stopped(self) -> bool:
        self._stopping = True
        return self._flushed()

    def _purged(self, before: float | None) -> int:
        self._work()
        if self.fault and self._store is None:
            raise LedgerFault(self.fault)
        try:
            count = self._opened().purge(before)
        except Exception as error:
            self._failed(error)
            raise faults.understood(error, self.path) from error
        self.notice = ""
        return count

    def _read_spent(self) -> list[Spending]:
        if self._spent is None and not self._work():
            raise LedgerFault(self.fault or "The usage log cannot be read.")
        found, self._spent = self._spent or [], []
        return found

    def _read_learned(self) -> list[LearnedRow]:
        return self._store.learned() if self._work() and self._store is not None else []

    def _keep_learned(self, rows: Sequence[LearnedRow]) -> bool:
        if not self._work() or self._store is None:
            return False
        try:
            self._store.keep_learned(rows)
        except Exception as error:  # noqa: BLE001 -- what cannot be kept is learned again
            self._failed(error)
            return False
        return True
