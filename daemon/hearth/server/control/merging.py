"""Rows of usage of several days as one row; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hearth.status import Usage


def merged(name: str, rows: Sequence[Usage]) -> Usage:
    """Return the sums of these rows. What is typical of each day is weighed by its calls: near the truth, no rank."""
    if len(rows) == 1 and rows[0].name == name:
        return rows[0]
    return Usage(
        name=name,
        calls=sum(row.calls for row in rows),
        errors=sum(row.errors for row in rows),
        refused=sum(row.refused for row in rows),
        input_tokens=sum(row.input_tokens for row in rows),
        output_tokens=sum(row.output_tokens for row in rows),
        cached_tokens=sum(row.cached_tokens for row in rows),
        estimated=sum(row.estimated for row in rows),
        local_calls=sum(row.local_calls for row in rows),
        costs=_added(row.costs for row in rows),
        unknown_costs=sum(row.unknown_costs for row in rows),
        first_token_p50_ms=_weighed((row.first_token_p50_ms, row.calls) for row in rows),
        total_p50_ms=_weighed((row.total_p50_ms, row.calls) for row in rows),
        tokens_per_s_p50=_weighed((row.tokens_per_s_p50, row.calls) for row in rows),
        success=_weighed((row.success, row.calls) for row in rows),
        problems={kind: int(count) for kind, count in _added(row.problems for row in rows).items()},
        saved=_added(row.saved for row in rows),
        compared=tuple(dict.fromkeys(target for row in rows for target in row.compared)),
        uncompared=sum(row.uncompared for row in rows),
    )


def _added(parts: Iterable[dict[str, float] | dict[str, int]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = found.get(name, 0) + amount
    return found


def _weighed(values: Iterable[tuple[float | None, int]]) -> float | None:
    known = [(value, weight) for value, weight in values if value is not None and weight]
    weights = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weights if weights else None
