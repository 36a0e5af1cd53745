"""The cases in their order; each gets servers of its own, and gives rows."""

from collections.abc import Callable

import msgspec

import measure
from rounds import Case, Row
from rounds import measure as measured
from shapes import FIRST, LONG, PAIRED, SLOW, TRANSIT
from solo import growth_row, idle_row, import_row, start_row
from stage import Stage, staged, staged_pairs
from stats import spread
from targets import NotStarted
from visits import KILOBYTE, MEGABYTE, Crowd, Paced, Whole, first_piece


class Effort(msgspec.Struct, frozen=True):
    """How long a run may take: rounds, seconds of one visit, and the sizes of what is measured once."""

    rounds: int = 5
    seconds: float = 0.4
    transit_seconds: float = 1.2
    crowd_rounds: int = 1
    crowds: tuple[int, ...] = (512,)
    requests: int = 20_000
    idle_seconds: float = 10.0
    starts: int = 5
    pair_rounds: int = 4
    pair_seconds: float = 0.15
    targets: tuple[str, ...] = ("nginx", "hearth")


QUICK = Effort(
    rounds=3,
    seconds=0.25,
    requests=10_000,
    idle_seconds=5.0,
    starts=3,
    pair_rounds=3,
    pair_seconds=0.1,
)
"""What `--quick` does."""
FULL = Effort(
    seconds=1.5,
    transit_seconds=4.0,
    crowd_rounds=3,
    crowds=(64, 256, 512),
    requests=100_000,
    idle_seconds=30.0,
    pair_rounds=5,
    pair_seconds=0.5,
)
"""What `--full` does."""


class Outcome(msgspec.Struct):
    """What one case gave, and notes on what could not be measured."""

    rows: list[Row] = []
    notes: list[str] = []


def short(effort: Effort) -> Outcome:
    """Whole replies to a 1 KB prompt with 1, 16 and 32 clients."""
    figures = ("p50_ms", "p99_ms")
    cases = [Case("short", clients, Whole(KILOBYTE), figures, ("p50_ms", "rps")) for clients in (1, 16, 32)]
    return _in_rounds(effort, cases, effort.seconds)


def first(effort: Effort) -> Outcome:
    """Time to a stream's first piece."""
    return _in_rounds(effort, [Case("first piece", 1, first_piece, ("p50_ms", "p99_ms"), ("p50_ms",))], effort.seconds)


def pieces(effort: Effort) -> Outcome:
    """The way of each piece of 16 streams."""
    case = Case("transit", 16, Paced(TRANSIT), ("p50_ms", "p99_ms"), ("p50_ms",), warm=first_piece)
    return _in_rounds(effort, [case], effort.transit_seconds)


def prompt(effort: Effort) -> Outcome:
    """Whole replies to a 1 MB prompt."""
    case = Case("1 MB prompt", 1, Whole(MEGABYTE), ("p50_ms", "p99_ms"), ("p50_ms",))
    return _in_rounds(effort, [case], effort.seconds)


def streams(effort: Effort) -> Outcome:
    """Hundreds of streams at once: whole, in time, and in little memory."""
    crowds = [_crowd("streams, 20 ms", clients, LONG) for clients in effort.crowds]
    crowds.append(_crowd("streams, 100 ms", 1000, SLOW))
    outcome = Outcome()
    with staged(effort.targets) as stage:
        outcome.notes.extend(stage.notes)
        for case in crowds:
            rows = measured(stage, case, effort.crowd_rounds, effort.seconds)
            _add_peak(stage, rows)
            outcome.rows.extend(rows)
    return outcome


def pairs(effort: Effort) -> Outcome:
    """Every client's dialect at every provider's: whole replies of one client, and the way of each piece of four."""
    short_ones = Case("pairs", 1, Whole(KILOBYTE), ("p50_ms",))
    streamed = Case("pairs, transit", 4, Paced(PAIRED), ("p50_ms",), warm=first_piece)
    with staged_pairs() as stage:
        rows = measured(stage, short_ones, effort.pair_rounds, effort.pair_seconds)
        rows += measured(stage, streamed, effort.pair_rounds, effort.pair_seconds)
        return Outcome(rows, list(stage.notes))


def idle(effort: Effort) -> Outcome:
    """Memory, processor time and wake-ups at rest."""
    return _alone(lambda stage: idle_row(stage, effort.idle_seconds))


def growth(effort: Effort) -> Outcome:
    """Memory after many requests."""
    return _alone(lambda stage: growth_row(stage, effort.requests))


def start(effort: Effort) -> Outcome:
    """From the start to the first answer."""
    return _or_note(lambda: start_row(effort.starts))


def imports(_effort: Effort) -> Outcome:
    """How long the daemon's imports take."""
    return _or_note(import_row)


CASES: dict[str, Callable[[Effort], Outcome]] = {
    "short": short,
    "first": first,
    "transit": pieces,
    "prompt": prompt,
    "streams": streams,
    "idle": idle,
    "growth": growth,
    "start": start,
    "import": imports,
    "pairs": pairs,
}


def _crowd(name: str, clients: int, model: str) -> Case:
    return Case(name, clients, Crowd(model), ("transit_p50_ms",), warm=Crowd(FIRST))


def _in_rounds(effort: Effort, cases: list[Case], seconds: float) -> Outcome:
    with staged(effort.targets) as stage:
        rows = [row for case in cases for row in measured(stage, case, effort.rounds, seconds)]
        _compare_with_nginx(rows)
        return Outcome(rows, list(stage.notes))


def _compare_with_nginx(rows: list[Row]) -> None:
    """Set what a route adds against what nginx adds, median against median."""
    for row in rows:
        if row.clients > 1 and "rps" in row.metrics:
            continue  # a closed loop of many clients waits for itself: its ratio says nothing
        ours = row.metrics.get("added_p50_ms")
        for other in rows:
            alike = (row.case, row.clients) == (other.case, other.clients)
            theirs = other.metrics.get("added_p50_ms")
            alike = alike and row.column == "same" and other.column == "nginx" and _client(row) == _client(other)
            if alike and ours and theirs and theirs.median > 0:
                row.metrics["added_p50_of_nginx"] = spread([ours.median / theirs.median])


def _client(row: Row) -> str:
    """The dialect that the client speaks on this row's route."""
    return "ollama" if "Ollama" in row.route.split(" → ")[0] else "openai"


def _add_peak(stage: Stage, rows: list[Row]) -> None:
    """The most memory that Hearth ever held, beside each of its rows."""
    server = stage.servers.get("hearth")
    if server is None or not measure.available():
        return
    peak = measure.peak_mb(server.pid)
    for row in rows:
        if row.column in {"same", "translated"} and row.metrics:
            row.metrics["peak_rss_mb"] = spread([peak])


def _alone(row: Callable[[Stage], Row]) -> Outcome:
    if not measure.available():
        return Outcome(notes=[measure.MISSING])
    with staged(("hearth",)) as stage:
        if "hearth" not in stage.servers:
            return Outcome(notes=list(stage.notes))
        return Outcome([row(stage)])


def _or_note(row: Callable[[], Row]) -> Outcome:
    try:
        return Outcome([row()])
    except NotStarted as error:
        return Outcome(notes=[str(error)])
