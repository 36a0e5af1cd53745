"""The database's files on disk: made for their owner alone, recognised again, and set aside when they are damaged."""

from __future__ import annotations

import os
from pathlib import Path
from time import localtime, strftime

from hearth.ledger.state import LedgerFault

Identity = tuple[int, int]
OWNER_ONLY = 0o600


def prepare(path: Path) -> None:
    """Make the folder (0700) and an empty file (0600), or narrow the rights of an existing one. Raises `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
    except FileExistsError:
        # Opened and closed by nobody but SQLite: a close of ours would drop its locks.
        _narrow(path)


def _narrow(path: Path) -> None:
    mode = path.stat().st_mode
    if path.is_file() and mode & 0o077:
        path.chmod(OWNER_ONLY)
    if mode & 0o200:
        # SQLite made these while the file was read-only, with its rights; they would keep it so.
        for one in companions(path):
            if one.exists() and not one.stat().st_mode & 0o200:
                one.chmod(OWNER_ONLY)


def companions(path: Path) -> tuple[Path, Path]:
    """Return where SQLite keeps the write-ahead log and its index."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def remove(path: Path) -> None:
    """Delete a database and what SQLite keeps beside it. Raises `OSError`."""
    for one in (path, *companions(path), path.with_name(f"{path.name}-journal")):
        one.unlink(missing_ok=True)


def identity(path: Path) -> Identity | None:
    """Return which file stands at a path: another one has another identity; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def size(path: Path) -> int:
    """Return a file's bytes, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def set_aside(path: Path, most: int) -> Path:
    """Rename a damaged database with its companions; nothing is deleted (F46). Returns its new place.

    Raises `LedgerFault` when `most` copies stand there already.
    """
    earlier = len(
        [one for one in path.parent.glob(f"{path.name}.damaged-*") if not one.name.endswith(("-wal", "-shm"))]
    )
    if earlier >= most:
        raise LedgerFault(
            f"The usage log was damaged {earlier} times, so the disk is not trusted with another.",
            next_step=f"Check the disk, then remove {path.name}.damaged-* in {path.parent}.",
        )
    target = path.with_name(f"{path.name}.damaged-{strftime('%Y%m%d-%H%M%S', localtime())}-{earlier + 1}")
    path.rename(target)
    for one, other in zip(companions(path), companions(target), strict=True):
        if one.exists():
            one.rename(other)
    return target


def part_from(path: Path, wal: Identity | None) -> None:
    """Move the write-ahead log of a database that is gone out of its successor's way, if it still stands there.

    SQLite would replay it into the new file. With no new file it belongs to what was deleted, and goes too.
    """
    log, index = companions(path)
    if wal is None or identity(log) != wal:
        return
    index.unlink(missing_ok=True)
    if path.exists():
        log.rename(log.with_name(f"{log.name}.replaced-{strftime('%Y%m%d-%H%M%S', localtime())}"))
    else:
        log.unlink(missing_ok=True)
