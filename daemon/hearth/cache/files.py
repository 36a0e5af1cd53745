"""The cache's files: for their owner alone, made when they are first needed, and gone without a trace."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

KEY_BYTES = 32
OWNER_ONLY = 0o600


def key_of(path: Path) -> bytes:
    """Return the key that names are made with; a new one where there is none. Raises `OSError`."""
    with contextlib.suppress(FileNotFoundError):
        found = path.read_bytes()
        if len(found) == KEY_BYTES:
            return found
        path.unlink()
    made = secrets.token_bytes(KEY_BYTES)
    _write_new(path, made)
    return made


def prepare(path: Path) -> None:
    """Make an empty file (0600) in a folder (0700), or take away what others may do with it. Raises `OSError`."""
    try:
        _write_new(path, b"")
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(OWNER_ONLY)


def remove(path: Path) -> None:
    """Delete a database and what SQLite keeps beside it. Raises `OSError`."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
    try:
        os.write(handle, content)
    finally:
        os.close(handle)
