"""The usage log handed out whole: every call with its attempts, oldest first, a page at a time."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from msgspec import Struct

from hearth.ledger import questions
from hearth.ledger.reader import reading
from hearth.ledger.rows import record_of, text_of
from hearth.ledger.sums import Span
from hearth.record import Attempt, CallRecord, Entry

PAGE = 500


class Page(Struct, frozen=True):
    """Some calls in the order in which they were written down, and where the next page begins."""

    entries: tuple[Entry, ...]
    last: int


def page(path: Path, after: int, span: Span, limit: int = PAGE) -> Page:
    """Return up to `limit` calls of a span of time, after a place in the log (0 is its beginning).

    A page without calls is the end. Raises `LedgerFault` when the file cannot be read.
    """
    with reading(path) as connection:
        if connection is None:
            return Page((), after)
        connection.execute(questions.BEGIN)
        return _page(connection, {"after": after, "limit": limit, **span.bound()})


def _page(connection: sqlite3.Connection, bound: dict[str, float]) -> Page:
    found = connection.execute(questions.PAGE, bound).fetchall()
    if not found:
        return Page((), int(bound["after"]))
    last = found[-1][0]
    attempts: dict[str, list[Attempt]] = {}
    for row in connection.execute(questions.ATTEMPTS_OF_PAGE, {**bound, "last": last}):
        attempts.setdefault(text_of(row[0]), []).append(record_of(Attempt, row))
    calls = [record_of(CallRecord, cells) for _, *cells in found]
    return Page(tuple(Entry(call, tuple(attempts.get(call.id, ()))) for call in calls), last)
