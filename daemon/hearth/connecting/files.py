"""A user's file: read, copied beside itself before the first change, and replaced whole or not at all."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from hearth.connecting.app import CannotEdit

BACKUP = ".before-hearth"
_LARGEST = 4_000_000


def read(file: Path) -> str:
    """Return the text of a file, "" for none. Raises `CannotEdit`, and `OSError` for one that cannot be read."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return ""
    if len(raw) > _LARGEST:
        raise CannotEdit("it is larger than 4 MB")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise CannotEdit("it is not UTF-8 text") from None


def write(file: Path, text: str) -> None:
    """Replace a file through one beside it; a link stays a link, and the rights stay those of the old file (else 0600).

    An empty text deletes the file. Raises `OSError`; then the old one is as it was, with nothing beside it.
    """
    target = file.resolve()
    if not text:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    beside = target.with_name(f".{target.name}.hearth-new")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(text.encode())
            out.flush()
            os.fsync(out.fileno())
        beside.chmod(mode)
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def back_up(file: Path) -> Path | None:
    """Copy a file beside itself; returns the copy, None where there is no file. An older copy is never replaced."""
    target = file.resolve()
    if not target.exists():
        return None
    copy = target.with_name(target.name + BACKUP)
    number = 1
    while copy.exists():
        number += 1
        copy = target.with_name(f"{target.name}{BACKUP}-{number}")
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(target.read_bytes())
    return copy


def digest(text: str) -> str:
    """Return what a text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()
