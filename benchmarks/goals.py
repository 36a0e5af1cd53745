"""The figures that Hearth wants to hold, and whether a row holds them."""

from typing import Literal

import msgspec

from rounds import Row
from routes import Column


class Goal(msgspec.Struct, frozen=True):
    """A figure of a case with so many clients must be at most, or at least, `limit`."""

    case: str
    clients: int
    column: Column
    metric: str
    sense: Literal["≤", "≥"]
    limit: float


class Verdict(msgspec.Struct, frozen=True):
    """A goal, what was measured, and whether that is good enough."""

    goal: Goal
    route: str
    measured: float
    held: bool


NGINX_LIMIT = 2.2
"""How many times what nginx adds may be added in the same dialect."""


def _both(case: str, clients: int, metric: str, sense: Literal["≤", "≥"], same: float, translated: float) -> list[Goal]:
    return [
        Goal(case, clients, "same", metric, sense, same),
        Goal(case, clients, "translated", metric, sense, translated),
    ]


GOALS = (
    *_both("short", 1, "added_p50_ms", "≤", 0.25, 0.35),
    Goal("short", 1, "same", "added_p50_of_nginx", "≤", NGINX_LIMIT),
    *_both("short", 1, "added_p99_ms", "≤", 0.8, 1.0),
    *_both("short", 32, "rps", "≥", 10_000, 7_000),
    *_both("first piece", 1, "added_p50_ms", "≤", 0.4, 0.5),
    *_both("transit", 16, "added_p50_ms", "≤", 0.1, 0.15),
    *_both("transit", 16, "added_p99_ms", "≤", 0.8, 1.0),
    *_both("pairs", 1, "added_p50_ms", "≤", 0.5, 0.5),
    *_both("pairs, transit", 4, "added_p50_ms", "≤", 0.2, 0.2),
    *_both("1 MB prompt", 1, "added_p50_ms", "≤", 3, 3),
    *(
        goal
        for case, clients in (("streams, 20 ms", 512), ("streams, 100 ms", 1000))
        for goal in (
            *_both(case, clients, "kept_percent", "≥", 99.9, 99.9),
            *_both(case, clients, "exact_percent", "≥", 100, 100),
            *_both(case, clients, "peak_rss_mb", "≤", 120, 120),
        )
    ),
    Goal("idle", 0, "alone", "rss_mb", "≤", 60),
    Goal("idle", 0, "alone", "cpu_percent", "≤", 0.1),
    Goal("idle", 0, "alone", "wakeups_per_s", "≤", 5),
    Goal("growth", 0, "alone", "grown_mb", "≤", 5),
    Goal("start", 0, "alone", "ready_s", "≤", 0.4),
)


def verdicts(rows: list[Row]) -> list[Verdict]:
    """Judge every row that was measured by the median of its rounds; a row with errors holds nothing."""
    return [
        Verdict(goal, row.route, row.metrics[goal.metric].median, _holds(goal, row))
        for row in rows
        for goal in GOALS
        if (goal.case, goal.clients, goal.column) == (row.case, row.clients, row.column) and goal.metric in row.metrics
    ]


def _holds(goal: Goal, row: Row) -> bool:
    value = row.metrics[goal.metric].median
    enough = value <= goal.limit if goal.sense == "≤" else value >= goal.limit
    return enough and not row.errors
