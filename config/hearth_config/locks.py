"""The lock file of a home: whoever holds it is the daemon of that home, however the one before it ended."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO


def take(file: IO[str]) -> None:
    """Lock an open file until it is closed. Raises `OSError` where somebody else has it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def held(path: Path) -> bool:
    """Whether somebody has the lock of that file. Changes nothing, and says nothing of what the file holds."""
    try:
        file = path.open("r+", encoding="ascii")
    except OSError:
        return False
    with file:
        try:
            take(file)
        except OSError:
            return True
    return False
