"""The figures of `hearth usage` as a table, as CSV, and as the sentences below; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hearth.cli.words import UNKNOWN, counted, milliseconds, money, number

if TYPE_CHECKING:
    from hearth.status import Usage, UsageReport

BARS = "▁▂▃▄▅▆▇█"


class Column(NamedTuple):
    """One column of the table. Of those that find no room at a terminal, the one of the highest rank goes first."""

    heading: str
    cell: Callable[[Usage], str]
    rank: int = 0


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
    Column("ERRORS", lambda row: number(row.errors), 2),
    Column("REFUSED", lambda row: number(row.refused), 3),
    Column("LOCAL", lambda row: number(row.local_calls), 3),
    Column("INPUT", lambda row: _estimated(row, row.input_tokens), 1),
    Column("OUTPUT", lambda row: _estimated(row, row.output_tokens), 1),
    Column("CACHED", _cached, 6),
    Column("COST", lambda row: money(row.costs, row.unknown_costs)),
    Column("FIRST TOKEN p50/p95", lambda row: _pair(row.first_token_p50_ms, row.first_token_p95_ms), 4),
    Column("TOTAL p50/p95", lambda row: _pair(row.total_p50_ms, row.total_p95_ms), 7),
    Column("SAVED", _saved, 1),
    Column("SUCCESS", lambda row: _share(row.success), 8),
    Column("TOKENS/S", lambda row: UNKNOWN if row.tokens_per_s_p50 is None else f"{row.tokens_per_s_p50:,.1f}", 5),
    Column("QUEUE p50/p95", lambda row: _pair(row.queue_p50_ms, row.queue_p95_ms), 9),
    Column("PROBLEMS", lambda row: _problems(row) or UNKNOWN, 10),
    Column("CALLS OVER TIME", lambda row: sparkline(row.trend), 3),
)
_GAP = 2


def table(report: UsageReport, room: int | None = None) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows, the total last where there is more than one; in `room` characters, else all columns."""
    rows = [*report.rows, *([report.total] if report.total is not None and len(report.rows) > 1 else [])]
    columns = COLUMNS if room is None else _fitting(rows, room - max((len(row.name) + _GAP for row in rows), default=0))
    cells = [(row.name, *(column.cell(row) for column in columns)) for row in rows]
    return (report.by.upper(), *(column.heading for column in columns)), cells


def _fitting(rows: Sequence[Usage], room: int) -> tuple[Column, ...]:
    """Leave out columns, those of the highest rank first, until the others have room; those of rank 0 stay."""
    kept = [*COLUMNS]
    while sum(_width(column, rows) for column in kept) > room:
        last = max(kept, key=lambda column: column.rank)
        if not last.rank:
            break
        kept.remove(last)
    return tuple(kept)


def _width(column: Column, rows: Sequence[Usage]) -> int:
    return max(len(column.heading), *(len(column.cell(row)) for row in rows), 0) + _GAP


def remarks(report: UsageReport) -> Iterator[str]:
    """Yield what a person should know of the figures, a sentence each."""
    total = report.total
    if total is not None and total.saved:
        against = ", ".join(total.compared)
        yield f"Answers at home saved {money(total.saved)}, against the same tokens at {against}."
    if total is not None and total.saved and total.uncompared:
        yield f"Not in it: {counted(total.uncompared, 'answer')} at home without a cloud fallback of known price."
    if total is not None and total.problems:
        yield f"Problems: {_problems(total)}."
    if total is not None and total.estimated:
        yield f"~ stands where tokens are an estimate: of {counted(total.estimated, 'answer')} that nobody counted."
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
    "calls", "errors", "refused", "success", "local_calls", "input_tokens", "output_tokens", "cached_tokens",
    "estimated", "first_token_p50_ms", "first_token_p95_ms", "total_p50_ms", "total_p95_ms", "queue_p50_ms",
    "queue_p95_ms", "tokens_per_s_p50", "unknown_costs", "uncompared",
)  # fmt: skip
