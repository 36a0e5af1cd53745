"""The answers on disk: one SQLite file of its own, bounded by size and age, used by one thread.

A row's name is a keyed hash of its question, whose key lies in another file: the database holds what was answered, and
not what was asked. It is a cache: a damaged file is begun anew.
"""

from __future__ import annotations

import sqlite3
from hashlib import blake2b
from pathlib import Path
from time import time

import zstandard
from msgspec import Struct

from hearth.cache.key import key_of
from hearth.ledger.files import remove
from hearth.side_file import SideFile, understood

VERSION = 1
KEPT_AFTER_EVICTION = 0.9
MOST_OF_ALL = 0.25
"""An answer that would fill more than this share of the room is not kept."""
LARGEST_UNPACKED = 256 * 1024 * 1024
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


class Room(Struct, frozen=True):
    """How much may be kept: bytes in all, and seconds each."""

    size: int
    ttl: float


class Sums(Struct, frozen=True):
    """What is kept: how many answers, their bytes, and when the oldest was made (time.time())."""

    answers: int
    size: int
    oldest: float | None


class Store(SideFile):
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

    busy_s = 0.2

    def __init__(self, path: Path, key_path: Path, room: Room) -> None:
        """Nothing is opened before it is needed."""
        super().__init__(path)
        self.room = room
        self._key_path = key_path
        self._key = b""

    def name(self, question: bytes) -> bytes:
        """Return the name of a question's answer: what nobody can turn back, or compute without the key."""
        with understood(self.path):
            if not self._key:
                self._key = key_of(self._key_path)
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
        if not self.exists:
            return Sums(0, 0, None)
        return self._safely(lambda db: Sums(*db.execute(_SUM).fetchone()))

    def clear(self) -> Sums:
        """Delete all answers and the key; what is freed is overwritten. Returns what there was."""
        before = self.sums()
        self.close()
        with understood(self.path):
            remove(self.path)
            self._key_path.unlink(missing_ok=True)
        self._key = b""
        return before

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

    def _begin(self, db: sqlite3.Connection) -> None:
        for pragma in self.opening:
            db.execute(pragma)
        if db.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
            db.execute("DROP TABLE IF EXISTS answers")
        db.execute(_TABLE)
        db.execute(_BY_USE)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute(_EXPIRE, (time() - self.room.ttl,))
        self._count(db)
