"""How the usage log is doing, how far it may go, and what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from hearth.problems import Problem


class Limits(Struct, frozen=True):
    """Bounds of the usage log. Times are seconds."""

    entries: int = 10_000
    """Calls that may wait to be written; one more is dropped and counted."""
    window: float = 0.1
    """The least time between two commits: with the commit itself, a crash costs the last 250 ms (G13)."""
    busy: float = 1.0
    """How long one try waits for a lock that another program holds."""
    backoff: float = 0.25
    """The pause after a first failure; it doubles with each further one."""
    longest_backoff: float = 2.0
    wal_bytes: int = 64 * 1024 * 1024
    """A write-ahead log that a long reader has made larger than this stops the writing (F48)."""
    damaged_copies: int = 8
    """Set-aside copies of a damaged file; with so many the disk is at fault, and no fresh file is begun."""


class LedgerState(Struct, frozen=True):
    """The usage log at one moment.

    `reason` is what a person should know: why it is degraded, or a notice while it is ok.
    `queued` and `dropped` count calls, `written` calls since start, `size` bytes on disk.
    """

    state: Literal["ok", "degraded"]
    reason: str
    queued: int
    written: int
    dropped: int
    path: Path
    size: int


class LedgerFault(Problem):
    """The usage log cannot be read or written just now; requests go on without it."""

    status = 503
    kind = "usage_log"


class NewerSchema(LedgerFault):
    """The file was written by a newer Hearth: it is read by that one alone."""


class Damaged(LedgerFault):
    """The file is not a sound database."""


class Moved(LedgerFault):
    """The file was deleted or replaced while it was open."""
