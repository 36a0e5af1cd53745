"""The key that names of answers are made with: for its owner alone, made when it is first needed."""

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


def _write_new(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY)
    try:
        os.write(handle, content)
    finally:
        os.close(handle)
