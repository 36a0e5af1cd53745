"""What targets' calls took lately, kept beside the usage log so that a restart does not forget it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hearth.ledger import statements

if TYPE_CHECKING:
    from sqlite_utils import Database

LearnedRow = tuple[str, float, str]
"""A target's name, when it was last asked (time.time()), and its figures as JSON text."""

MOST = 500
"""So many targets are remembered, those asked last."""


def m005_learned(db: Database) -> None:
    """Make the table of what targets' calls took lately: one row each."""
    db.execute("CREATE TABLE learned (target TEXT PRIMARY KEY, at REAL NOT NULL, figures TEXT NOT NULL) WITHOUT ROWID")


def read_rows(connection: sqlite3.Connection) -> list[LearnedRow]:
    """Return the rows of the targets asked last."""
    return [
        (str(target), float(at), str(figures))
        for target, at, figures in connection.execute(statements.READ_LEARNED, (MOST,))
    ]


def write_rows(connection: sqlite3.Connection, rows: Iterable[LearnedRow]) -> None:
    """Write rows over older ones of the same targets, and forget who has not been asked for long."""
    connection.executemany(statements.WRITE_LEARNED, rows)
    connection.execute(statements.FORGET_LEARNED, (MOST - 1,))
