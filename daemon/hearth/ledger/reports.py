"""What the usage log knows, for people: sums, lists and one call; each report reads through a connection of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import localtime, mktime
from typing import Literal

from msgspec import Struct, structs

from hearth.ledger import faults, questions
from hearth.ledger.rows import Cell, bindable, record_of, text_of
from hearth.ledger.state import LedgerFault
from hearth.record import Attempt, CallRecord, Entry
from hearth.status import Usage, UsageReport

By = Literal["model", "provider", "key", "app", "place", "day"]
BUSY_S = 1.0
NOBODY = "(none)"
"""The name of the row for calls that nobody was asked for, or for attempts that took no key."""
_NO_TABLE = "no such table"
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


def usage(path: Path, by: By, since: float | None = None, until: float | None = None) -> UsageReport:
    """Return sums by model, provider, key, app, place or (local) day, between two time.time().

    The busiest row comes first; days in their order. Raises `LedgerFault` when the file cannot be read.
    """
    with _reading(path) as connection:
        rows = _sums(connection, by, since, until) if connection is not None else []
    ordered = sorted(rows, key=lambda row: row.name) if by == "day" else sorted(rows, key=lambda row: -row.calls)
    note = "" if by in {"app", "day"} or not rows else _TWICE
    return UsageReport(by=by, since=since, until=until, rows=tuple(ordered), note=note)


def today(path: Path) -> Usage:
    """Return the sums since local midnight. Raises `LedgerFault` when the file cannot be read."""
    with _reading(path) as connection:
        rows = _sums(connection, "today", _midnight(), None) if connection is not None else []
    return rows[0] if rows else Usage("today", 0, 0, 0, 0, 0, 0, 0, {}, 0)


def log(path: Path, limit: int, after: str = "", filters: Filters = ANY) -> tuple[CallRecord, ...]:
    """Return the newest `limit` calls, newest first, of those written down after the call `after`.

    Raises `LedgerFault` when the file cannot be read.
    """
    asked = {name: bindable(value) for name, value in structs.asdict(filters).items()}
    with _reading(path) as connection:
        if connection is None:
            return ()
        found = connection.execute(questions.NEWEST, {**asked, "after": bindable(after), "limit": limit})
        return tuple(record_of(CallRecord, row) for row in found)


def call(path: Path, call_id: str) -> Entry | None:
    """Return one call with its attempts, None when there is none. Raises `LedgerFault` when the file cannot be read."""
    with _reading(path) as connection:
        if connection is None:
            return None
        row = connection.execute(questions.ONE_CALL, (bindable(call_id),)).fetchone()
        if row is None:
            return None
        attempts = connection.execute(questions.ITS_ATTEMPTS, (bindable(call_id),))
        return Entry(record_of(CallRecord, row), tuple(record_of(Attempt, attempt) for attempt in attempts))


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """Give a connection that can only read, or None when there is no file yet."""
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


def _sums(connection: sqlite3.Connection, by: str, since: float | None, until: float | None) -> list[Usage]:
    span = {
        "by": by,
        "since": float("-inf") if since is None else since,
        "until": float("inf") if until is None else until,
    }
    by_attempt = by in {"model", "provider", "key", "place"}
    connection.execute(questions.BEGIN)
    connection.execute(questions.SERVED_BY_ATTEMPT if by_attempt else questions.SERVED_BY_CALL, span)
    connection.execute(questions.SPENT, span)
    spent = _by_name(connection, questions.SUMS)
    first, total = _by_name(connection, questions.WAITING_RANKS), _by_name(connection, questions.LASTING_RANKS)
    costs: dict[Cell, dict[str, float]] = {}
    for name, currency, cost in connection.execute(questions.COSTS):
        costs.setdefault(name, {})[text_of(currency)] = cost
    return [
        _row(
            (name, calls, errors, local),
            spent.get(name, (0, 0, 0, 0, 0)),
            costs.get(name, {}),
            (*first.get(name, (None, None)), *total.get(name, (None, None))),
        )
        for name, calls, errors, local in connection.execute(questions.COUNTS)
    ]


def _by_name(connection: sqlite3.Connection, question: str) -> dict[Cell, tuple[float, ...]]:
    return {name: tuple(values) for name, *values in connection.execute(question)}


def _row(
    counts: tuple[Cell, int, int, int],
    spent: tuple[float, ...],
    costs: dict[str, float],
    times: tuple[float | None, ...],
) -> Usage:
    name, calls, errors, local = counts
    input_tokens, output_tokens, cached_tokens, estimated, unpriced = map(int, spent)
    return Usage(
        name=text_of(name) or NOBODY,
        calls=calls,
        errors=errors or 0,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached_tokens,
        estimated=estimated,
        local_calls=local,
        costs=costs,
        unknown_costs=unpriced,
        first_token_p50_ms=times[0],
        first_token_p95_ms=times[1],
        total_p50_ms=times[2],
        total_p95_ms=times[3],
    )


def _midnight() -> float:
    """When this day began here: the clock's own zone and summer time."""
    now = localtime()
    return mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))
