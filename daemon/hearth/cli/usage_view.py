"""The figures of `hearth usage` as a table, as CSV, and as the sentences below; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hearth.cli.words import UNKNOWN, milliseconds, money, number

if TYPE_CHECKING:
    from hearth.status import Usage, UsageReport

BARS = "▁▂▃▄▅▆▇█"
TOTAL = "total"


class Column(NamedTuple):
    """One column of the table; those that are not `main` are left out of a terminal's narrow table."""

    heading: str
    cell: Callable[[Usage], str]
    main: bool = True


def sparkline(counts: Sequence[int]) -> str:
    """Draw counts as bars: a blank for nothing, the highest bar for the most."""
    most = max(counts, default=0)
    if not most:
        return ""
    return "".join(BARS[(count * (len(BARS) - 1) + most - 1) // most] if count else " " for count in counts)


def _pair(middle: float | None, high: float | None) -> str:
    return f"{milliseconds(middle)} / {milliseconds(high)}"


def _estimated(row: Usage, count: int) -> str:
    return ("~" if row.estimated else "") + number(count)


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value * 100:.1f} %"


def _cached(row: Usage) -> str:
    share = row.cached_tokens / row.input_tokens if row.cached_tokens and row.input_tokens else 0.0
    return number(row.cached_tokens) + (f" ({share * 100:.0f} %)" if share else "")


def _problems(row: Usage) -> str:
    kinds = sorted(row.problems.items(), key=lambda one: -one[1])
    return ", ".join(f"{number(count)} {kind}" for kind, count in kinds)


def _saved(row: Usage) -> str:
    return money(row.saved) if row.saved else UNKNOWN


COLUMNS = (
    Column("CALLS", lambda row: number(row.calls)),
    Column("ERRORS", lambda row: number(row.errors)),
    Column("LOCAL", lambda row: number(row.local_calls)),
    Column("INPUT", lambda row: _estimated(row, row.input_tokens)),
    Column("OUTPUT", lambda row: _estimated(row, row.output_tokens)),
    Column("CACHED", _cached, main=False),
    Column("COST", lambda row: money(row.costs, row.unknown_costs)),
    Column("FIRST TOKEN p50/p95", lambda row: _pair(row.first_token_p50_ms, row.first_token_p95_ms)),
    Column("TOTAL p50/p95", lambda row: _pair(row.total_p50_ms, row.total_p95_ms), main=False),
    Column("SAVED", _saved),
    Column("SUCCESS", lambda row: _share(row.success), main=False),
    Column("TOKENS/S", lambda row: UNKNOWN if row.tokens_per_s_p50 is None else f"{row.tokens_per_s_p50:.1f}"),
    Column("QUEUE p50/p95", lambda row: _pair(row.queue_p50_ms, row.queue_p95_ms), main=False),
    Column("PROBLEMS", lambda row: _problems(row) or UNKNOWN, main=False),
    Column("CALLS OVER TIME", lambda row: sparkline(row.trend)),
)


def table(report: UsageReport, *, whole: bool) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the headings and the rows, the total last where there is more than one; all columns if `whole`."""
    columns = [column for column in COLUMNS if whole or column.main]
    rows = [*report.rows, *([report.total] if report.total is not None and len(report.rows) > 1 else [])]
    cells = [(row.name, *(column.cell(row) for column in columns)) for row in rows]
    return (report.by.upper(), *(column.heading for column in columns)), cells


def remarks(report: UsageReport) -> Iterator[str]:
    """Yield what a person should know of the figures, a sentence each."""
    total = report.total
    if total is not None and total.saved:
        against = ", ".join(total.compared)
        yield f"Answers at home saved {money(total.saved)}, against the same tokens at {against}."
    if total is not None and total.saved and total.uncompared:
        yield f"Not in it: {number(total.uncompared)} answers at home without a cloud fallback of known price."
    if total is not None and total.problems:
        yield f"Problems: {_problems(total)}."
    if total is not None and total.estimated:
        yield f"~ {number(total.estimated)} answers were counted by estimate: cut, or not counted by their provider."
    if report.note:
        yield report.note


def flat(report: UsageReport) -> tuple[list[str], list[list[object]]]:
    """Return headings and rows for a spreadsheet: a column each for every number, money by currency."""
    paid = sorted({currency for row in report.rows for currency in row.costs})
    spared = sorted({currency for row in report.rows for currency in row.saved})
    headings = [report.by, *_NUMBERS, *(f"cost_{one}" for one in paid), *(f"saved_{one}" for one in spared)]
    rows = [
        [
            row.name,
            *(getattr(row, name) for name in _NUMBERS),
            *(row.costs.get(one) for one in paid),
            *(row.saved.get(one) for one in spared),
        ]
        for row in report.rows
    ]
    return headings, rows


_NUMBERS = (
    "calls", "errors", "success", "local_calls", "input_tokens", "output_tokens", "cached_tokens", "estimated",
    "first_token_p50_ms", "first_token_p95_ms", "total_p50_ms", "total_p95_ms", "queue_p50_ms", "queue_p95_ms",
    "tokens_per_s_p50", "unknown_costs", "uncompared",
)  # fmt: skip
