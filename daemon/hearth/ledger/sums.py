"""The sums of the usage log, by whatever they are grouped: `hearth usage`, the dashboard and `today` are this query."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from hearth.ledger import questions
from hearth.ledger.rows import Cell, text_of
from hearth.ledger.savings import AtHome, Saved, saved
from hearth.status import Usage

if TYPE_CHECKING:
    from hearth.ledger.savings import Compare

By = Literal["model", "target", "provider", "key", "app", "place", "day"]
BY_CALL = frozenset(("app", "day"))
NOBODY = "(none)"
"""The name of the row for calls that nobody was asked for, or for attempts that took no key."""
SLICES = 24
Numbers = tuple[float | None, float | None]


class Span(Struct, frozen=True):
    """From when to when, as time.time(), `since` included and `until` not; None is open."""

    since: float | None = None
    until: float | None = None

    def bound(self) -> dict[str, float]:
        """Return both ends as questions compare with them."""
        return {
            "since": float("-inf") if self.since is None else self.since,
            "until": float("inf") if self.until is None else self.until,
        }


class _Found(Struct, frozen=True):
    """The answers to all questions, by the name of the row."""

    tokens: dict[Cell, tuple[float, ...]]
    costs: dict[Cell, dict[str, float]]
    problems: dict[Cell, dict[str, float]]
    ranks: dict[Cell, dict[str, Numbers]]
    trends: dict[Cell, tuple[int, ...]]
    savings: dict[Cell, Saved]


def sums(connection: sqlite3.Connection, by: str, span: Span, compare: Compare) -> list[Usage]:
    """Return a row for each name of a grouping; a word that is none of `By` gets all calls in one row of that name."""
    bound = {"by": by, **span.bound()}
    by_attempt = by in get_args(By) and by not in BY_CALL
    connection.execute(questions.SERVED_BY_ATTEMPT if by_attempt else questions.SERVED_BY_CALL, bound)
    connection.execute(questions.SPENT, bound)
    found = _Found(
        tokens={name: tuple(values) for name, *values in connection.execute(questions.SUMS)},
        costs=_by_name(connection, questions.COSTS),
        problems=_by_name(connection, questions.PROBLEMS),
        ranks=_ranks(connection),
        trends=_trends(connection, by, span),
        savings={name: saved(home, compare) for name, home in _at_home(connection).items()},
    )
    rows = [_row(name, counts, found) for name, *counts in connection.execute(questions.COUNTS)]
    connection.execute(questions.FORGET_SERVED)
    connection.execute(questions.FORGET_SPENT)
    return rows


def _by_name(connection: sqlite3.Connection, question: str) -> dict[Cell, dict[str, float]]:
    found: dict[Cell, dict[str, float]] = {}
    for name, part, value in connection.execute(question):
        found.setdefault(name, {})[text_of(part)] = value
    return found


def _ranks(connection: sqlite3.Connection) -> dict[Cell, dict[str, Numbers]]:
    found: dict[Cell, dict[str, Numbers]] = {}
    connection.execute(questions.RANKED)
    for name, kind, middle, high in connection.execute(questions.RANKS):
        found.setdefault(name, {})[kind] = (middle, high)
    connection.execute(questions.FORGET_RANKED)
    return found


def _trends(connection: sqlite3.Connection, by: str, span: Span) -> dict[Cell, tuple[int, ...]]:
    """Calls in equal slices of the span; a day's in its hours."""
    bound = {"since": span.since, "until": span.until, "slices": SLICES}
    found: dict[Cell, list[int]] = {}
    for name, part, calls in connection.execute(questions.TREND_OF_DAYS if by == "day" else questions.TREND, bound):
        found.setdefault(name, [0] * SLICES)[part] = calls
    return {name: tuple(counts) for name, counts in found.items()}


def _at_home(connection: sqlite3.Connection) -> dict[Cell, list[AtHome]]:
    found: dict[Cell, list[AtHome]] = {}
    for name, target, task, currency, *numbers in connection.execute(questions.AT_HOME):
        one = AtHome(text_of(target), text_of(task), text_of(currency), *numbers)
        found.setdefault(name, []).append(one)
    return found


def _row(name: Cell, counts: list[int], found: _Found) -> Usage:
    calls, errors, refused, local, good = (int(count or 0) for count in counts)
    input_tokens, output_tokens, cached_tokens, estimated, unpriced = map(int, found.tokens.get(name, (0,) * 5))
    ranks, savings = found.ranks.get(name, {}), found.savings.get(name, Saved())
    first, total, queue = (ranks.get(kind, (None, None)) for kind in ("first_token", "total", "queue"))
    return Usage(
        name=text_of(name) or NOBODY,
        calls=calls,
        errors=errors,
        refused=refused,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_tokens=cached_tokens,
        estimated=estimated,
        local_calls=local,
        costs=found.costs.get(name, {}),
        unknown_costs=unpriced,
        first_token_p50_ms=first[0],
        first_token_p95_ms=first[1],
        total_p50_ms=total[0],
        total_p95_ms=total[1],
        success=good / (good + errors) if good + errors else None,
        queue_p50_ms=queue[0],
        queue_p95_ms=queue[1],
        tokens_per_s_p50=ranks.get("speed", (None, None))[0],
        problems={kind: int(count) for kind, count in found.problems.get(name, {}).items()},
        trend=found.trends.get(name, ()),
        saved=savings.money,
        compared=savings.compared,
        uncompared=savings.uncompared,
    )
