"""The bodies on disk: one SQLite file of its own, for its owner alone, bounded by size and age, used by one thread."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import zstandard

from hearth.bodies.kept import Kept
from hearth.ledger import files

Found = TypeVar("Found")
VERSION = 1
BUSY_S = 1.0
KEPT_AFTER_EVICTION = 0.9
LARGEST_UNPACKED = 64 * 1024 * 1024
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLE = """
CREATE TABLE IF NOT EXISTS said (
    call TEXT PRIMARY KEY, time REAL NOT NULL, size INTEGER NOT NULL,
    request BLOB NOT NULL, request_size INTEGER NOT NULL, answer BLOB NOT NULL, answer_size INTEGER NOT NULL
)
"""
_BY_TIME = "CREATE INDEX IF NOT EXISTS said_by_time ON said (time)"
_SIZE = "SELECT coalesce(sum(size), 0) FROM said"
_COUNT = "SELECT count(*) FROM said"
_FIND = "SELECT call, time, request, request_size, answer, answer_size FROM said WHERE call = ?"
_KEEP = (
    "INSERT OR REPLACE INTO said (call, time, size, request, request_size, answer, answer_size)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_EXPIRE = "DELETE FROM said WHERE time < ?"
_OLDEST = "SELECT call, size FROM said ORDER BY time"
_DROP = "DELETE FROM said WHERE call = ?"
_OPENING = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA cache_size = -1024",
)
"""What is deleted is overwritten."""


class Unusable(Exception):
    """The bodies cannot be kept, read or deleted now; the words say why, for a person."""


class Store:
    """The database. Its methods block and belong to one thread; each raises `Unusable` and nothing else."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before it is needed."""
        self.path = path
        self._open: sqlite3.Connection | None = None
        self._size = 0

    @property
    def size(self) -> int | None:
        """The bytes that are kept, as far as is known without looking; None while the file is not open."""
        return self._size if self._open is not None else None

    def keep(self, several: Sequence[Kept], room: int) -> None:
        """Write some, in one transaction; the oldest make room for them."""
        packed = [_packed(one) for one in several]
        self._safely(lambda db: self._keep(db, packed, room))

    def find(self, call: str) -> Kept | None:
        """Return what was said in a call; nothing is made on disk for the asking."""
        if self._open is None and not self.path.exists():
            return None
        row = self._safely(lambda db: db.execute(_FIND, (call,)).fetchone())
        if row is None:
            return None
        return Kept(row[0], row[1], _unpacked(row[2]), row[3], _unpacked(row[4]), row[5])

    def expire(self, before: float, *, close: bool = False) -> None:
        """Delete what is older, and `close` the file where no more is written; nothing is made on disk for it."""
        if self._open is not None or self.path.exists():
            self._safely(lambda db: self._expire(db, before))
        if close:
            self.close()

    def purge(self) -> int:
        """Delete all of it, a damaged copy too; returns how many calls there were."""
        count = 0
        with contextlib.suppress(Unusable):  # what cannot be counted can still be deleted
            if self._open is not None or self.path.exists():
                count = self._safely(lambda db: int(db.execute(_COUNT).fetchone()[0]))
        self.close()
        with _understood(self.path):
            _remove(self.path)
            _set_aside(self.path).unlink(missing_ok=True)
        return count

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
        self._open = None

    def _keep(self, db: sqlite3.Connection, packed: Sequence[tuple[object, ...]], room: int) -> None:
        new = sum(_size_of(one) for one in packed)
        if self._size + new > room:
            self._make_room(db, room * KEPT_AFTER_EVICTION - new)
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany(_KEEP, packed)
            db.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise
        self._size += new

    def _make_room(self, db: sqlite3.Connection, most: float) -> None:
        for call, size in db.execute(_OLDEST).fetchall():
            if self._size <= most:
                return
            db.execute(_DROP, (call,))
            self._size -= size

    def _expire(self, db: sqlite3.Connection, before: float) -> None:
        db.execute(_EXPIRE, (before,))
        self._size = db.execute(_SIZE).fetchone()[0]

    def _safely(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do something with the database; one that is damaged is set aside, and another begun, once."""
        with _understood(self.path):
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                self.close()
                if _code(error) not in _DAMAGED:
                    raise
                self.path.replace(_set_aside(self.path))
                _remove(self.path)
                return work(self._opened())

    def _opened(self) -> sqlite3.Connection:
        if self._open is not None and not self.path.exists():
            self.close()  # deleted by hand: what is kept from now on must be found at its path
            _remove(self.path)
        if self._open is None:
            files.prepare(self.path)
            db = self._open = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, VERSION):
                self.close()
                raise Unusable(f"{self.path} was written by a newer Hearth")
            for statement in (*_OPENING, _TABLE, _BY_TIME, f"PRAGMA user_version = {VERSION}"):
                db.execute(statement)
            self._size = db.execute(_SIZE).fetchone()[0]
        return self._open


def _packed(one: Kept) -> tuple[object, ...]:
    compress = zstandard.ZstdCompressor(level=3).compress
    request, answer = compress(one.request), compress(one.answer)
    return one.call, one.time, len(request) + len(answer), request, one.request_size, answer, one.answer_size


def _size_of(packed: tuple[object, ...]) -> int:
    size = packed[2]
    return size if isinstance(size, int) else 0


def _unpacked(blob: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(blob, max_output_size=LARGEST_UNPACKED)
    except zstandard.ZstdError:
        return b""  # its size still says how much there was


def _set_aside(path: Path) -> Path:
    """Where a damaged file goes; the next one takes its place."""
    return path.with_name(f"{path.name}.damaged")


def _remove(path: Path) -> None:
    for one in (path, *files.companions(path)):
        one.unlink(missing_ok=True)


@contextmanager
def _understood(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system complain of into words for a person."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"{path} {_SAYINGS.get(_code(error)) or _said(error)}") from error


_SAYINGS = {
    sqlite3.SQLITE_FULL: "has no room: the disk is full",
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened",
    sqlite3.SQLITE_IOERR: "cannot be written: the disk reports an error",
}


def _said(error: Exception) -> str:
    strerror = getattr(error, "strerror", None)
    return f"cannot be used ({strerror or getattr(error, 'sqlite_errorname', None) or type(error).__name__})"


def _code(error: Exception) -> int:
    """SQLite's primary result code: the extended one's low byte; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
