"""What was spent, for the budgets of the next start: of calls written down, of purged ones, and of those cut short.

What is set aside for an attempt is kept in `held` until its call is written down; a kill leaves it there, and it counts
as spent from then on, since nobody knows better. What a purge deletes is summed up in `carried` first: emptying the
usage log empties no budget.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hearth.ledger import statements
from hearth.ledger.rows import Cell, bindable, text_of
from hearth.record import Entry, Hold, Spending

if TYPE_CHECKING:
    from sqlite_utils import Database

KEPT_S = 62 * 86_400.0
"""For so long sums are needed: this month's and the last one's."""


def m006_money(db: Database) -> None:
    """Make the tables of money set aside for calls under way, and of what purged calls had cost."""
    db.execute("""
        CREATE TABLE held (
            call_id TEXT NOT NULL, number INTEGER NOT NULL,
            day TEXT NOT NULL, provider TEXT, target TEXT, key_id TEXT, app TEXT, currency TEXT, amount REAL,
            PRIMARY KEY (call_id, number)
        ) WITHOUT ROWID
    """)
    db.execute("""
        CREATE TABLE carried (
            day TEXT NOT NULL, provider TEXT, target TEXT, key_id TEXT, app TEXT, currency TEXT, amount REAL
        )
    """)


def hold(connection: sqlite3.Connection, holds: Iterable[Hold]) -> None:
    """Write down what is set aside."""
    connection.executemany(statements.HOLD, [_row(one) for one in holds])


def let_go(connection: sqlite3.Connection, entries: Sequence[Entry]) -> None:
    """Forget what was set aside for calls that are written down now."""
    paid = [(bindable(entry.call.id),) for entry in entries if any(one.place == "cloud" for one in entry.attempts)]
    if paid:
        connection.executemany(statements.LET_GO, paid)


def carry(connection: sqlite3.Connection, now: float, before: float | None = None, most: int = -1) -> None:
    """Sum up what calls have cost that are about to be deleted: all, or `most` of those from before a time."""
    since = now - KEPT_S
    if before is None:
        connection.execute(statements.CARRY_ALL, (since,))
    elif before > since:
        connection.execute(statements.CARRY_OLD, (since, before, most))
    connection.execute(statements.FORGET_CARRIED, (since,))
    connection.execute(statements.FORGET_HELD, (since,))


def read(connection: sqlite3.Connection, now: float) -> list[Spending]:
    """Return what was spent in the two months before `now` (time.time()), or before the newest call.

    A clock that runs a year ahead does not hide what it will find when it is set right (F55).
    """
    (newest,) = connection.execute(statements.NEWEST_CALL).fetchone()
    since = min(now, newest if newest is not None else now) - KEPT_S
    rows = connection.execute(statements.READ_SPENT, {"since": since})
    return [_spending(row) for row in rows]


def _spending(row: Sequence[Cell]) -> Spending:
    day, provider, target, key_id, app, currency = map(text_of, row[:6])
    return Spending(day, provider, target, key_id, app, currency, float(row[6] or 0.0))


def _row(one: Hold) -> tuple[object, ...]:
    spent = one.spending
    names = (spent.day, spent.provider, spent.target, spent.key_id, spent.app, spent.currency)
    return (bindable(one.call_id), one.number, *map(bindable, names), spent.amount)
