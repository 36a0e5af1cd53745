"""What SQLite and the system complain of, as sentences with a next step; foreign errors become ours here alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hearth.ledger.state import Damaged, LedgerFault, Moved

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SAYINGS = {
    sqlite3.SQLITE_BUSY: ("is locked by another program", "Close what has it open."),
    sqlite3.SQLITE_LOCKED: ("is locked by another program", "Close what has it open."),
    sqlite3.SQLITE_FULL: ("has no room: the disk is full", "Free some space."),
    sqlite3.SQLITE_READONLY: ("is read-only", "Give yourself the right to write to it and to its folder."),
    sqlite3.SQLITE_PERM: ("may not be opened", "Give yourself the right to read and write it."),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "Check that its folder exists and may be written to."),
    sqlite3.SQLITE_IOERR: ("cannot be written: the disk reports an error", "Check the disk and its free space."),
}


def understood(error: Exception, path: Path) -> LedgerFault:
    """Return what went wrong with the database at `path`, as an error of ours."""
    if isinstance(error, LedgerFault):
        return error
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, path)
    if isinstance(error, OSError):
        return LedgerFault(
            f"The usage log {path} cannot be opened: {error.strerror or type(error).__name__}.",
            next_step="Check the folder and its rights.",
        )
    return LedgerFault(f"The usage log {path} cannot be used ({type(error).__name__}).", next_step="Restart Hearth.")


def lasting(error: Exception) -> bool:
    """Whether the connection outlived the error: after all others it is closed and opened anew (F43)."""
    return _code(error) in (*_LOCKED, sqlite3.SQLITE_FULL)


def _of_sqlite(error: sqlite3.Error, path: Path) -> LedgerFault:
    extended = getattr(error, "sqlite_errorcode", 0)
    if extended == sqlite3.SQLITE_READONLY_DBMOVED:
        return Moved(f"The usage log {path} was moved away while it was open.")
    code = _code(error)
    if code in _DAMAGED:
        return Damaged(f"The usage log {path} is damaged.")
    saying, next_step = _SAYINGS.get(code, (f"cannot be used ({getattr(error, 'sqlite_errorname', error)})", ""))
    return LedgerFault(f"The usage log {path} {saying}.", next_step=next_step)


def _code(error: Exception) -> int:
    """SQLite's primary result code: the extended one's low byte; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
