"""The tables of the usage log, as steps forward; each runs in its own transaction with the row that says it ran."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.ledger.learned import m005_learned
from hearth.ledger.spent import m006_money
from hearth.ledger.state import NewerSchema
from hearth.ledger.statements import APPLIED, HAS_MIGRATIONS

if TYPE_CHECKING:
    from sqlite_utils import Database

NAME = "hearth"


def m001_calls(db: Database) -> None:
    """Make the table of calls: one row each, the columns those of `CallRecord`."""
    db.execute("""
        CREATE TABLE calls (
            row INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            time REAL, app TEXT, dialect TEXT, route TEXT, task TEXT, asked TEXT, mode TEXT, stream INTEGER,
            target TEXT, place TEXT, reason TEXT, attempts INTEGER,
            ending TEXT, problem TEXT, detail TEXT, status INTEGER,
            input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER, estimated INTEGER,
            cost REAL, currency TEXT,
            queue_ms REAL, first_token_ms REAL, total_ms REAL, overhead_ms REAL,
            user_agent TEXT, plan TEXT
        )
    """)
    db.execute("CREATE INDEX calls_by_time ON calls (time)")
    db.execute("CREATE INDEX calls_by_app ON calls (app, time)")
    db.execute("CREATE INDEX calls_by_target ON calls (target, time)")


def m002_attempts(db: Database) -> None:
    """Make the table of attempts: one row each, the columns those of `Attempt`."""
    db.execute("""
        CREATE TABLE attempts (
            call_id TEXT NOT NULL, number INTEGER NOT NULL,
            target TEXT, provider TEXT, model TEXT, place TEXT, key_id TEXT, started REAL,
            ending TEXT, problem TEXT, detail TEXT, upstream_status INTEGER,
            connect_ms REAL, first_token_ms REAL, total_ms REAL, load_ms REAL,
            input_tokens INTEGER, output_tokens INTEGER, cached_tokens INTEGER, reasoning_tokens INTEGER,
            estimated INTEGER, cost REAL, currency TEXT, cost_source TEXT,
            reason TEXT, address TEXT, bytes_out INTEGER, bytes_in INTEGER,
            PRIMARY KEY (call_id, number)
        ) WITHOUT ROWID
    """)
    db.execute("CREATE INDEX attempts_by_target ON attempts (target, started)")


def m003_views(db: Database) -> None:
    """Make two views for a person with the sqlite3 shell: what happened lately, and what each day came to."""
    db.execute("""
        CREATE VIEW recent AS
        SELECT datetime(time, 'unixepoch', 'localtime') AS at, id, app, asked, target, place, reason, ending, problem,
               input_tokens AS tokens_in, output_tokens AS tokens_out, cost, currency,
               round(first_token_ms) AS first_token_ms, round(total_ms) AS total_ms
        FROM calls ORDER BY row DESC
    """)
    db.execute("""
        CREATE VIEW days AS
        SELECT date(time, 'unixepoch', 'localtime') AS day, target, place, currency, count(*) AS calls,
               sum(ending IN ('refused', 'failed', 'truncated')) AS errors,
               sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, sum(cost) AS known_cost
        FROM calls GROUP BY day, target, place, currency ORDER BY day DESC, calls DESC
    """)


def m004_fewer_indexes(db: Database) -> None:
    """Drop what no question uses: every one of them names a span of time, and each index costs every call."""
    db.execute("DROP INDEX calls_by_app")
    db.execute("DROP INDEX calls_by_target")
    db.execute("DROP INDEX attempts_by_target")


def m007_refused_apart(db: Database) -> None:
    """Make the view of days again: what was refused before anything was sent is no error."""
    db.execute("DROP VIEW days")
    db.execute("""
        CREATE VIEW days AS
        SELECT date(time, 'unixepoch', 'localtime') AS day, target, place, currency, count(*) AS calls,
               sum(ending IN ('failed', 'truncated')) AS errors, sum(ending = 'refused') AS refused,
               sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, sum(cost) AS known_cost
        FROM calls GROUP BY day, target, place, currency ORDER BY day DESC, calls DESC
    """)


STEPS: tuple[Callable[[Database], None], ...] = (
    m001_calls,
    m002_attempts,
    m003_views,
    m004_fewer_indexes,
    m005_learned,
    m006_money,
    m007_refused_apart,
)
"""All steps in their order; a published one is never changed."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to this version's tables. Raises `NewerSchema` when it is ahead of them (F49)."""
    applied = _applied(connection)
    known = [step.__name__ for step in STEPS]
    ahead = [name for name in applied if name not in known]
    if ahead:
        raise NewerSchema(
            f"The usage log was written by a newer Hearth (it has {ahead[-1]}), so nothing is added to it.",
            next_step="Start that version again, or move the file away.",
        )
    if len(applied) < len(known):
        _apply(connection)


def _applied(connection: sqlite3.Connection) -> list[str]:
    if not connection.execute(HAS_MIGRATIONS).fetchone()[0]:
        return []
    return [name for (name,) in connection.execute(APPLIED, (NAME,))]


def _apply(connection: sqlite3.Connection) -> None:
    # 4 MB and 80 ms, so only when there is a step to take.
    from sqlite_utils import Database, Migrations

    migrations = Migrations(NAME)
    for step in STEPS:
        migrations()(step)
    migrations.apply(Database(connection, execute_plugins=False, recursive_triggers=False))
