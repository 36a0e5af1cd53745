"""The one writing connection: opened, checked, written through and purged by the thread that owns it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from time import time

from hearth.ledger import files, rows, spent, statements
from hearth.ledger.learned import LearnedRow, read_rows, write_rows
from hearth.ledger.migrations import migrate
from hearth.ledger.state import Damaged, LedgerFault, Limits, Moved
from hearth.record import Entry, Hold, Spending

BATCH = 500
"""Calls that one purging transaction takes, so that writing is never held up for long."""
sqlite3.register_adapter(bool, int)  # else each one is looked up in vain among its own and SQLite's protocols
_UNFIT = (UnicodeEncodeError, OverflowError, sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
"""What a value that SQLite cannot hold leads to; the database itself is sound."""


def open_store(path: Path, limits: Limits, *, check: bool) -> Store:
    """Open the database, made and migrated as needed; `check` reads all of it for damage first.

    Raises `Damaged`, `NewerSchema`, `sqlite3.Error` or `OSError`; no connection is left open then.
    """
    files.prepare(path)
    connection = sqlite3.connect(path, timeout=limits.busy, isolation_level=None)
    try:
        if check:
            _check(connection, path)
        migrate(connection)
        for setting in (statements.USE_WAL, *statements.SETTINGS):
            connection.execute(setting).fetchall()
    except BaseException:
        connection.close()
        raise
    return Store(connection, path, limits)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """Garbage in the middle of a file opens well and fails on reading, so it is read (F46)."""
    (verdict,) = connection.execute(statements.SOUND).fetchone()
    if verdict != "ok":
        raise Damaged(f"The usage log {path} is damaged.")


class Store:
    """A database that is ready to be written. Used and closed in the thread that opened it."""

    def __init__(self, connection: sqlite3.Connection, path: Path, limits: Limits) -> None:
        """Take a connection that is checked and migrated; `open_store` makes one."""
        self.connection = connection
        self.path = path
        self._limits = limits
        self._file = files.identity(path)
        self._wal_path = files.companions(path)[0]
        self._wal = files.identity(self._wal_path)

    def hold(self, holds: Sequence[Hold]) -> None:
        """Write down what was set aside for calls that are under way, on disk when this returns."""
        self._in_place()
        with self._transaction():
            spent.hold(self.connection, holds)

    def write(self, entries: Sequence[Entry]) -> int:
        """Write calls with their attempts in one transaction, on disk when this returns; returns how many fit no row.

        Writing an entry again changes nothing. Raises `sqlite3.Error`, `Moved` or `LedgerFault`.
        """
        self._in_place()
        self._keep_wal_small()
        try:
            with self._transaction():
                self._insert(entries)
                spent.let_go(self.connection, entries)
            unfit = 0
        except _UNFIT:
            with self._transaction():
                unfit = sum(not self._insert_carefully(entry) for entry in entries)
                spent.let_go(self.connection, entries)
        self._in_place()
        return unfit

    def retire(self, before: float) -> bool:
        """Delete up to `BATCH` calls from before a time.time(); returns whether there may be more."""
        self._in_place()
        with self._transaction():
            spent.carry(self.connection, time(), before, BATCH)
            self.connection.execute(statements.DELETE_OLD_ATTEMPTS, (before, BATCH))
            deleted = self.connection.execute(statements.DELETE_OLD_CALLS, (before, BATCH)).rowcount
        return deleted == BATCH

    def purge(self, before: float | None) -> int:
        """Delete all calls, or those from before a time.time(), so that no byte of them stays; returns how many."""
        self._in_place()
        count = self._empty() if before is None else self._empty_before(before)
        self.connection.execute(statements.CHECKPOINT).fetchall()
        self.connection.execute(statements.VACUUM)
        busy, _, _ = self.connection.execute(statements.CHECKPOINT).fetchone()
        if busy:
            raise LedgerFault(
                "The usage log was purged, but another program still reads its old pages.",
                next_step="Close it and purge again.",
            )
        return count

    def spent(self) -> list[Spending]:
        """Return what was spent so far, as far as any budget reaches back."""
        return spent.read(self.connection, time())

    def learned(self) -> list[LearnedRow]:
        """Return what was learned of targets before."""
        self._in_place()
        return read_rows(self.connection)

    def keep_learned(self, found: Sequence[LearnedRow]) -> None:
        """Keep what was learned of targets; on disk when this returns."""
        self._in_place()
        with self._transaction():
            write_rows(self.connection, found)

    def close(self) -> None:
        """Close the connection; SQLite then folds the write-ahead log into the file, if it is still its own."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def part(self) -> None:
        """Close after the file was deleted or replaced, and leave nothing that its successor would trip over."""
        self.close()
        files.part_from(self.path, self._wal)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.connection.execute(statements.BEGIN)
        try:
            yield
            self.connection.execute(statements.COMMIT)
        except BaseException:
            if self.connection.in_transaction:
                with suppress(sqlite3.Error):
                    self.connection.execute(statements.ROLLBACK)
            raise

    def _insert(self, entries: Sequence[Entry]) -> None:
        calls = rows.quick(entry.call for entry in entries)
        self._insert_rows(calls, statements.INSERT_CALLS, statements.INSERT_CALL)
        attempts = rows.quick(attempt for entry in entries for attempt in entry.attempts)
        self._insert_rows(attempts, statements.INSERT_ATTEMPTS, statements.INSERT_ATTEMPT)

    def _insert_rows(self, found: Iterator[rows.Row], many: str, one: str) -> None:
        """Insert most rows by statements of many: each one begun and ended takes the event loop's turn away twice."""
        left = list(found)
        whole = len(left) - len(left) % rows.AT_ONCE
        for start in range(0, whole, rows.AT_ONCE):
            self.connection.execute(many, tuple(chain.from_iterable(left[start : start + rows.AT_ONCE])))
        self.connection.executemany(one, left[whole:])

    def _insert_carefully(self, entry: Entry) -> bool:
        try:
            self.connection.executemany(statements.INSERT_ATTEMPT, map(rows.careful, entry.attempts))
            self.connection.execute(statements.INSERT_CALL, rows.careful(entry.call))
        except _UNFIT:
            return False
        return True

    def _empty(self) -> int:
        with self._transaction():
            (count,) = self.connection.execute(statements.COUNT_ALL).fetchone()
            spent.carry(self.connection, time())
            self.connection.execute(statements.DELETE_ALL_ATTEMPTS)
            self.connection.execute(statements.DELETE_ALL_CALLS)
            self.connection.execute(statements.DELETE_ALL_LEARNED)
        return int(count)

    def _empty_before(self, before: float) -> int:
        (count,) = self.connection.execute(statements.COUNT_OLD, (before,)).fetchone()
        while self.retire(before):
            pass
        return int(count)

    def _in_place(self) -> None:
        """Raise `Moved` when the file, or its write-ahead log, is no longer the one that was opened (F49)."""
        if self._wal is None:
            self._wal = files.identity(self._wal_path)
        if files.identity(self.path) != self._file or files.identity(self._wal_path) != self._wal:
            raise Moved(f"The usage log {self.path} was deleted or replaced while it was open.")

    def _keep_wal_small(self) -> None:
        """Stop writing while a long reader keeps the write-ahead log from being folded in (F48)."""
        if files.size(self._wal_path) <= self._limits.wal_bytes:
            return
        busy, _, _ = self.connection.execute(statements.CHECKPOINT).fetchone()
        if busy:
            raise LedgerFault(
                f"Another program has been reading the usage log {self.path} for so long that it cannot be tidied.",
                next_step="Close what has it open.",
            )
