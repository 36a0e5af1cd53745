"""The answers on disk: one SQLite file of its own, bounded by size and age, used by one thread.

A row's name is a keyed hash of its question, whose key lies in another file: the database holds what was answered, and
not what was asked. It is a cache: a damaged file is begun anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from time import time
from typing import TypeVar

import zstandard
from msgspec import Struct

from hearth.cache import files

Found = TypeVar("Found")
VERSION = 1
BUSY_S = 0.2
KEPT_AFTER_EVICTION = 0.9
MOST_OF_ALL = 0.25
"""An answer that would fill more than this share of the room is not kept."""
LARGEST_UNPACKED = 256 * 1024 * 1024
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    name BLOB PRIMARY KEY, made REAL NOT NULL, used REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
)
"""
_BY_USE = "CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used)"
_SUM = "SELECT count(*), coalesce(sum(size), 0), min(made) FROM answers"
_FIND = "SELECT made, body FROM answers WHERE name = ?"
_USED = "UPDATE answers SET used = ? WHERE name = ?"
_DROP = "DELETE FROM answers WHERE name = ?"
_SIZE = "SELECT size FROM answers WHERE name = ?"
_KEEP = "INSERT OR REPLACE INTO answers (name, made, used, size, body) VALUES (?, ?, ?, ?, ?)"
_EXPIRE = "DELETE FROM answers WHERE made < ?"
_OLDEST = "SELECT name, size FROM answers ORDER BY used"


class Unusable(Exception):
    """The cache cannot be used now; the words say why, for a person."""


class Room(Struct, frozen=True):
    """How much may be kept: bytes in all, and seconds each."""

    size: int
    ttl: float


class Sums(Struct, frozen=True):
    """What is kept: how many answers, their bytes, and when the oldest was made (time.time())."""

    answers: int
    size: int
    oldest: float | None


class Store:
    """The database. Its methods block and belong to one thread; each raises `Unusable` and nothing else."""

    opening: tuple[str, ...] = (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = OFF",
        "PRAGMA secure_delete = ON",
        "PRAGMA journal_size_limit = 4194304",
        "PRAGMA cache_size = -1024",
    )
    """What is said to the database when it is opened: it is small, what is deleted is overwritten, and nobody waits for
    the disk, since a file that a power cut has damaged is begun anew."""

    def __init__(self, path: Path, key_path: Path, room: Room) -> None:
        """Nothing is opened before it is needed."""
        self.path = path
        self.room = room
        self._key_path = key_path
        self._key = b""
        self._open: sqlite3.Connection | None = None
        self._size = 0

    @property
    def size(self) -> int | None:
        """The bytes that are kept, as far as is known without looking; None before the first question."""
        return self._size if self._open is not None else None

    def name(self, question: bytes) -> bytes:
        """Return the name of a question's answer: what nobody can turn back, or compute without the key."""
        with _understood(self.path):
            if not self._key:
                self._key = files.key_of(self._key_path)
            return blake2b(question, key=self._key, digest_size=32).digest()

    def find(self, name: bytes) -> bytes | None:
        """Return an answer that is not too old."""
        return self._safely(lambda db: self._find(db, name))

    def keep(self, name: bytes, body: bytes) -> None:
        """Keep an answer; what was not used for the longest time makes room."""
        packed = zstandard.ZstdCompressor(level=3).compress(body)
        if len(packed) <= self.room.size * MOST_OF_ALL:
            self._safely(lambda db: self._keep(db, name, packed))

    def drop(self, name: bytes) -> None:
        """Forget one answer."""
        self._safely(lambda db: self._forget(db, name))

    def sums(self) -> Sums:
        """Return what is kept; nothing is made on disk for the asking."""
        if self._open is None and not self.path.exists():
            return Sums(0, 0, None)
        return self._safely(lambda db: Sums(*db.execute(_SUM).fetchone()))

    def clear(self) -> Sums:
        """Delete all answers and the key; what is freed is overwritten. Returns what there was."""
        before = self.sums()
        self.close()
        with _understood(self.path):
            files.remove(self.path)
            self._key_path.unlink(missing_ok=True)
        self._key = b""
        return before

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            with contextlib.suppress(sqlite3.Error):
                self._open.close()
        self._open = None

    def _find(self, db: sqlite3.Connection, name: bytes) -> bytes | None:
        row = db.execute(_FIND, (name,)).fetchone()
        if row is None:
            return None
        now = time()
        if not now - self.room.ttl < row[0] <= now:
            self._forget(db, name)
            return None
        db.execute(_USED, (now, name))
        try:
            return zstandard.ZstdDecompressor().decompress(row[1], max_output_size=LARGEST_UNPACKED)
        except zstandard.ZstdError:
            self._forget(db, name)
            return None

    def _keep(self, db: sqlite3.Connection, name: bytes, packed: bytes) -> None:
        now = time()
        self._forget(db, name)
        if self._size + len(packed) > self.room.size:
            self._make_room(db, self.room.size * KEPT_AFTER_EVICTION - len(packed))
        db.execute(_KEEP, (name, now, now, len(packed), packed))
        self._size += len(packed)

    def _make_room(self, db: sqlite3.Connection, most: float) -> None:
        db.execute(_EXPIRE, (time() - self.room.ttl,))
        self._count(db)
        for name, _ in db.execute(_OLDEST).fetchall():
            if self._size <= most:
                return
            self._forget(db, name)

    def _forget(self, db: sqlite3.Connection, name: bytes) -> None:
        row = db.execute(_SIZE, (name,)).fetchone()
        if row is not None:
            db.execute(_DROP, (name,))
            self._size -= row[0]

    def _count(self, db: sqlite3.Connection) -> None:
        self._size = db.execute(_SUM).fetchone()[1]

    def _safely(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do something with the database; one that is damaged is begun anew, once."""
        with _understood(self.path):
            try:
                return work(self._opened())
            except sqlite3.Error as error:
                if _code(error) not in _DAMAGED:
                    self.close()
                    raise
                self.close()
                files.remove(self.path)
                return work(self._opened())

    def _opened(self) -> sqlite3.Connection:
        if self._open is None:
            files.prepare(self.path)
            db = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
            self._open = db
            for pragma in self.opening:
                db.execute(pragma)
            if db.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
                db.execute("DROP TABLE IF EXISTS answers")
            db.execute(_TABLE)
            db.execute(_BY_USE)
            db.execute(f"PRAGMA user_version = {VERSION}")
            db.execute(_EXPIRE, (time() - self.room.ttl,))
            self._count(db)
        return self._open


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
