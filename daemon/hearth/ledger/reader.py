"""Connections that can only read, one for each question: the writing one is the writer's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hearth.ledger import faults
from hearth.ledger.state import LedgerFault

BUSY_S = 1.0
"""How long a question waits for a lock."""
_NO_TABLE = "no such table"


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Give a connection that can only read, or None when there is no file yet.

    Whatever SQLite complains of meanwhile is raised as a `LedgerFault`.
    """
    if not path.exists():
        yield None
        return
    try:
        with closing(open_for_reading(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        fault = faults.understood(error, path)
        if _NO_TABLE in str(error):
            fault = LedgerFault(f"The usage log {path} has no tables yet.", next_step="Ask again in a moment.")
        raise fault from error


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that cannot change the file and never tidies it. Raises `sqlite3.Error`."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None)
