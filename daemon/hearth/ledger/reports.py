"""What the usage log knows, for people: sums, lists and one call; each report reads through a connection of its own."""

from __future__ import annotations

from pathlib import Path
from time import localtime, mktime

from msgspec import Struct, structs

from hearth.ledger import questions
from hearth.ledger.reader import reading
from hearth.ledger.rows import bindable, record_of
from hearth.ledger.savings import Compare, uncomparable
from hearth.ledger.sums import BY_CALL, By, Span, sums
from hearth.record import Attempt, CallRecord, Entry
from hearth.status import Usage, UsageReport

_TOTAL = "total"
_TWICE = "A call that was tried in two places counts in both rows."


class Filters(Struct, frozen=True):
    """Which calls a list is of; None is any. Times are time.time(), `since` included and `until` not."""

    app: str | None = None
    target: str | None = None
    place: str | None = None
    ending: str | None = None
    since: float | None = None
    until: float | None = None


ANY = Filters()


def usage(
    path: Path, by: By, since: float | None = None, until: float | None = None, compare: Compare = uncomparable
) -> UsageReport:
    """Return sums by model, target, provider, key, app, place or (local) day, between two time.time(), and in all.

    The busiest row comes first; days in their order. `compare` says what answers at home would have cost elsewhere.
    Raises `LedgerFault` when the file cannot be read.
    """
    span = Span(since, until)
    with reading(path) as connection:
        if connection is None:
            return UsageReport(by=by, since=since, until=until, rows=())
        connection.execute(questions.BEGIN)
        rows = sums(connection, by, span, compare)
        total = sums(connection, _TOTAL, span, compare)
    ordered = sorted(rows, key=lambda row: row.name) if by == "day" else sorted(rows, key=lambda row: -row.calls)
    note = "" if by in BY_CALL or not rows else _TWICE
    return UsageReport(by=by, since=since, until=until, rows=tuple(ordered), note=note, total=next(iter(total), None))


def today(path: Path) -> Usage:
    """Return the sums since local midnight. Raises `LedgerFault` when the file cannot be read."""
    with reading(path) as connection:
        rows = sums(connection, "today", Span(_midnight()), uncomparable) if connection is not None else []
    return rows[0] if rows else Usage("today", 0, 0, 0, 0, 0, 0, 0, {}, 0)


def log(path: Path, limit: int, after: str = "", filters: Filters = ANY) -> tuple[CallRecord, ...]:
    """Return the newest `limit` calls, newest first, of those written down after the call `after`.

    Raises `LedgerFault` when the file cannot be read.
    """
    asked = {name: bindable(value) for name, value in structs.asdict(filters).items()}
    with reading(path) as connection:
        if connection is None:
            return ()
        found = connection.execute(questions.NEWEST, {**asked, "after": bindable(after), "limit": limit})
        return tuple(record_of(CallRecord, row) for row in found)


def call(path: Path, call_id: str) -> Entry | None:
    """Return one call with its attempts, None when there is none. Raises `LedgerFault` when the file cannot be read."""
    with reading(path) as connection:
        if connection is None:
            return None
        row = connection.execute(questions.ONE_CALL, (bindable(call_id),)).fetchone()
        if row is None:
            return None
        attempts = connection.execute(questions.ITS_ATTEMPTS, (bindable(call_id),))
        return Entry(record_of(CallRecord, row), tuple(record_of(Attempt, attempt) for attempt in attempts))


def _midnight() -> float:
    """When this day began here: the clock's own zone and summer time."""
    now = localtime()
    return mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
