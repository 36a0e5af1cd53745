"""The bodies on disk: one SQLite file of its own, for its owner alone, bounded by size and age, used by one thread."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import zstandard

from hearth.bodies.kept import Kept
from hearth.ledger import files
from hearth.side_file import SideFile, Unusable, understood

VERSION = 1
KEPT_AFTER_EVICTION = 0.9
LARGEST_UNPACKED = 64 * 1024 * 1024
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


class Store(SideFile):
    """The database. Its methods block and belong to one thread; each raises `Unusable` and nothing else."""

    def keep(self, several: Sequence[Kept], room: int) -> None:
        """Write some, in one transaction; the oldest make room for them."""
        packed = [_packed(one) for one in several]
        self._safely(lambda db: self._keep(db, packed, room))

    def find(self, call: str) -> Kept | None:
        """Return what was said in a call; nothing is made on disk for the asking."""
        if not self.exists:
            return None
        row = self._safely(lambda db: db.execute(_FIND, (call,)).fetchone())
        if row is None:
            return None
        return Kept(row[0], row[1], _unpacked(row[2]), row[3], _unpacked(row[4]), row[5])

    def expire(self, before: float, *, close: bool = False) -> None:
        """Delete what is older, and `close` the file where no more is written; nothing is made on disk for it."""
        if self.exists:
            self._safely(lambda db: self._expire(db, before))
        if close:
            self.close()

    def purge(self) -> int:
        """Delete all of it, a damaged copy too; returns how many calls there were."""
        count = 0
        with contextlib.suppress(Unusable):  # what cannot be counted can still be deleted
            if self.exists:
                count = self._safely(lambda db: int(db.execute(_COUNT).fetchone()[0]))
        self.close()
        with understood(self.path):
            files.remove(self.path)
            _set_aside(self.path).unlink(missing_ok=True)
        return count

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

    def _begin(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise Unusable(f"{self.path} was written by a newer Hearth")
        for statement in (*_OPENING, _TABLE, _BY_TIME, f"PRAGMA user_version = {VERSION}"):
            db.execute(statement)
        self._size = db.execute(_SIZE).fetchone()[0]

    def _clear_away(self) -> None:
        """Nothing that was said is deleted unasked, damaged or not."""
        self.path.replace(_set_aside(self.path))
        super()._clear_away()


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
