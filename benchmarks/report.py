"""What a run says: a table a case with each goal beside its figure, and the same as JSON."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from goals import Verdict, verdicts
from rounds import Row, titled
from stats import Spread

LATEST = Path(__file__).resolve().parent / "results" / "latest.json"
"""Where a run is written unless another file is named."""
UNSTEADY = 1.5
"""A direct line whose median varied by more than this between rounds makes differences to it doubtful."""

_SKIPPED = ("p50_ms", "p99_ms", "max_ms", "transit_p50_ms", "transit_p99_ms", "transit_max_ms", "bare_s")
"""Bare times say more about the machine than about Hearth; they stand in the JSON only."""

_TITLES = {
    "rps": "req/s",
    "rps_of_direct": "req/s × direct",
    "p50_ms_of_direct": "p50 × direct",
    "added_p50_ms": "added p50 ms",
    "added_p99_ms": "added p99 ms",
    "added_p50_of_nginx": "added p50 × nginx",
    "added_transit_p50_ms": "added transit p50 ms",
    "kept_percent": "gaps in time %",
    "exact_percent": "byte-exact %",
    "worst_gap_ms": "worst gap ms",
    "peak_rss_mb": "peak RSS MB",
    "rss_mb": "RSS MB",
    "loaded_rss_mb": "RSS once warm MB",
    "after_rss_mb": "RSS afterwards MB",
    "grown_mb": "grown MB",
    "cpu_percent": "% of a core",
    "wakeups_per_s": "wake-ups/s",
    "ready_s": "first answer after s",
    "import_s": "import adds s",
}


class Report(msgspec.Struct):
    """Everything measured in one run."""

    machine: dict[str, str | int]
    quick: bool
    rows: list[Row]
    full: bool = False
    goals: list[Verdict] = []
    notes: list[str] = []


def as_json(report: Report) -> bytes:
    """The report as indented JSON with a line feed at its end."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def table(title: str, rows: list[Row]) -> str:
    """One case as text: a line a route, a column a figure, and under it the goals and what went wrong."""
    names = _columns(rows)
    head = ["route", *(figure_title(name) for name in names), "samples"]
    lines = [[row.route, *(_cell(row, name) for name in names), str(row.samples or "-")] for row in rows]
    return "\n".join([title, *_aligned([head, *lines]), *_troubles(rows), *_judged(verdicts(rows)), ""])


def doubts(rows: Iterable[Row]) -> list[str]:
    """Where the direct line itself was unsteady, so that differences to it mean little."""
    return [
        f"{titled(row.case, row.clients)}: {row.route} itself varied {own.greatest / own.least:.1f}-fold"
        for row in rows
        if row.column == "direct"
        and (own := row.metrics.get("p50_ms"))
        and own.least
        and own.greatest / own.least > UNSTEADY
    ]


def _columns(rows: list[Row]) -> list[str]:
    """The figures to show, in the order in which they were measured."""
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    return [name for name in names if name not in _SKIPPED]


def figure_title(name: str) -> str:
    """A figure's name for people."""
    return _TITLES.get(name, name.replace("_", " "))


def _cell(row: Row, name: str) -> str:
    figure = row.metrics.get(name)
    return "-" if figure is None else _ranged(figure)


def _ranged(figure: Spread) -> str:
    if len(figure.rounds) == 1 or figure.least == figure.greatest:
        return number(figure.median)
    return f"{number(figure.median)} [{number(figure.least)}..{number(figure.greatest)}]"


def number(value: float) -> str:
    """A figure with about four digits."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def _aligned(lines: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]


def _troubles(rows: list[Row]) -> list[str]:
    failed = [f"  not measured: {row.route}: {row.failed}" for row in rows if row.failed]
    errors = [f"  {number} x {row.route}: {text}" for row in rows for text, number in row.errors.items()]
    return failed + errors


def _judged(judged: list[Verdict]) -> list[str]:
    return [
        f"  {'pass' if one.held else 'MISS'}  {one.route}, {figure_title(one.goal.metric)}: {number(one.measured)} "
        f"(goal {one.goal.sense} {one.goal.limit:g})"
        for one in judged
    ]
