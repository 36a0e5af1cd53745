"""The face of the usage log: what the server adds to, without ever waiting for it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from threading import Lock

from hearth.ledger import files
from hearth.ledger.learned import LearnedRow
from hearth.ledger.state import LedgerFault, LedgerState, Limits
from hearth.ledger.store import open_store
from hearth.ledger.writer import Opener, Writer
from hearth.record import Entry, Hold, Spending

PURGE_S = 120.0


class Ledger:
    """The usage log of one daemon: `add` what was done, `flush` before reading, `close` at the end."""

    def __init__(
        self, path: Path, keep_s: float | None, *, limits: Limits | None = None, opener: Opener = open_store
    ) -> None:
        """Name the file; nothing is opened yet. Calls older than `keep_s` seconds are deleted; None keeps them all."""
        self.path = path
        self._limits = limits or Limits()
        self._writer = Writer(path, keep_s, self._limits, opener)
        self._waiting = self._writer.waiting
        self._room = self._limits.entries
        self._dropped = 0
        self._counting = Lock()

    def keep(self, seconds: float | None) -> None:
        """Keep calls for so long from now on; None keeps them all."""
        self._writer.keep_s = seconds

    def start(self) -> None:
        """Start the writing thread, which opens the file; what was added before is written too."""
        self._writer.thread.start()

    def add(self, entry: Entry) -> None:
        """Hand over a call that has ended. Never waits, never raises; with the queue full it is dropped and counted."""
        if len(self._waiting) + len(self._writer.batch) >= self._room:
            self._drop(1)
            return
        self._waiting.append(entry)
        if self._writer.asleep:
            self._writer.wake()

    def flush(self, timeout: float) -> bool:
        """Write what waits now; returns whether all of it is on disk within `timeout` seconds."""
        if not self._writer.thread.is_alive():
            return not self._waiting
        try:
            return self._writer.flush().result(timeout)
        except TimeoutError:
            return False

    def hold(self, one: Hold) -> None:
        """Write down what is set aside for a call under way, so that a kill does not lose it. Never waits or raises."""
        self._writer.holds.append(one)
        if self._writer.asleep:
            self._writer.wake()

    def spent(self) -> Future[list[Spending]]:
        """Return what was spent before this start, as soon as the file is open; it can be asked once.

        The future raises `LedgerFault` where the file cannot be read.
        """
        return self._writer.spent()

    def learned(self) -> Future[list[LearnedRow]]:
        """Return what was learned of targets before, as soon as the file is open; empty where it cannot be read."""
        return self._writer.learned()

    def keep_learned(self, rows: Sequence[LearnedRow]) -> None:
        """Keep what was learned of targets. Never waits, never raises; what cannot be written is lost."""
        if rows and self._writer.thread.is_alive():
            self._writer.keep_learned(rows)

    def purge(self, before: float | None = None) -> int:
        """Delete everything, or all calls from before a time.time(), without trace; returns how many calls are gone.

        Raises `LedgerFault` when the file cannot be written.
        """
        if not self._writer.thread.is_alive():
            raise LedgerFault("The usage log is closed.", next_step="Start Hearth and purge again.")
        try:
            return self._writer.purge(before).result(PURGE_S)
        except TimeoutError:
            raise LedgerFault("The usage log is still being purged.", next_step="Look again in a minute.") from None

    def close(self, timeout: float) -> bool:
        """Write what waits and close the file; returns whether all of it is on disk. What is not counts as dropped."""
        self._room = 0
        done = True
        if self._writer.thread.is_alive():
            self._writer.stop()
            self._writer.thread.join(timeout)
            done = not self._writer.thread.is_alive()
        lost = len(self._waiting) + len(self._writer.batch)
        if done:
            self._waiting.clear()
            self._writer.batch = []
            self._drop(lost)
        return done and not lost

    def state(self) -> LedgerState:
        """Return how the log is doing now."""
        writer = self._writer
        return LedgerState(
            state="degraded" if writer.fault else "ok",
            reason=writer.fault or writer.notice,
            queued=len(self._waiting) + len(writer.batch),
            written=writer.written,
            dropped=self._dropped + writer.unfit,
            path=self.path,
            size=files.size(self.path) + files.size(files.companions(self.path)[0]),
        )

    def _drop(self, count: int) -> None:
        with self._counting:
            self._dropped += count
