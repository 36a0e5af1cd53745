"""A SQLite file of its own beside the usage log: made when it is needed, for its owner alone, used by one thread."""

from __future__ import annotations

import contextlib
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from hearth.ledger import files

Found = TypeVar("Found")
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SAYINGS = {
    sqlite3.SQLITE_FULL: "has no room: the disk is full",
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_IOERR: "cannot be written: the disk reports an error",
}


class Unusable(Exception):
    """The file cannot be used now; the words say why, for a person."""


class SideFile(ABC):
    """The file of a store, which works with it through `_safely` alone: that raises `Unusable` and nothing else."""

    busy_s = 1.0
    """How long it waits for a lock."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before it is needed."""
        self.path = path
        self._open: sqlite3.Connection | None = None
        self._size = 0

    @property
    def size(self) -> int | None:
        """The bytes that are kept, as far as is known without looking; None while the file is not open."""
        return self._size if self._open is not None else None

    @property
    def exists(self) -> bool:
        """Whether there is anything to look into; to look makes nothing on disk."""
        return self._open is not None or self.path.exists()

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
        self._open = None

    @abstractmethod
    def _begin(self, db: sqlite3.Connection) -> None:
        """Make a connection ready, and count what is kept. May raise `Unusable`."""

    def _clear_away(self) -> None:
        """Take a damaged file out of the way of the next one."""
        files.remove(self.path)

    def _safely(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do something with the database; one that is damaged makes way for another, once."""
        with understood(self.path):
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                self.close()
                if _code(error) not in _DAMAGED:
                    raise
                self._clear_away()
                return work(self._opened())

    def _opened(self) -> sqlite3.Connection:
        if self._open is not None and not self.path.exists():
            self.close()  # deleted by hand: what is kept from now on must be found at its path
            files.remove(self.path)
        if self._open is None:
            files.prepare(self.path)
            db = sqlite3.connect(self.path, timeout=self.busy_s, isolation_level=None, check_same_thread=False)
            self._open = db
            try:
                self._begin(db)
            except Unusable:
                self.close()
                raise
        return self._open


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system complain of into words for a person."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"{path} {_SAYINGS.get(_code(error)) or _said(error)}") from error


def _said(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return f"cannot be used ({strerror or getattr(error, 'sqlite_errorname', None) or type(error).__name__})"


def _code(error: Exception) -> int:
    """SQLite's primary result code: the extended one's low byte; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
