"""`hearth usage export`: every call of the usage log, to take along."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlencode

import click

from hearth.cli.context import client, since_option
from hearth.cli.output import say
from hearth.cli.words import counted

if TYPE_CHECKING:
    from hearth.record import Attempt, Entry

_ROUTE = "/hearth/v1/usage/export"
_OF_CALL = ("app", "dialect", "route", "task", "asked", "mode", "stream", "status", "queue_ms", "overhead_ms")
_OF_ATTEMPT = (
    "number", "target", "provider", "model", "place", "key_id", "reason", "ending", "problem", "upstream_status",
    "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "estimated", "cost", "currency",
    "cost_source", "first_token_ms", "total_ms", "load_ms", "bytes_out", "bytes_in",
)  # fmt: skip
HEADINGS = ("time", "call", *_OF_CALL, *_OF_ATTEMPT)


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl"]),
    default="csv",
    show_default=True,
    help="csv: a row for each attempt; jsonl: a line for each call, with all that is known of it.",
)
@click.option(
    "--output", "-o", type=click.File("w", "utf-8", lazy=True), default="-", help="A file; else it is printed."
)
@since_option
def export(*, form: str, output: TextIO, since: float | None) -> None:
    """Print every call of the usage log, oldest first."""
    found = 0
    lines = _raw(since) if form == "jsonl" else _as_csv(since)
    for line, calls in lines:
        output.write(f"{line}\n")
        found += calls
    if output.name != "-":
        say(f"{counted(found, 'call')} exported to {output.name}.", err=True)


def _raw(since: float | None) -> Iterator[tuple[str, int]]:
    """Yield the lines as the daemon sends them, and how many calls each holds."""
    route = f"{_ROUTE}?{urlencode({'since': since or ''})}"
    with client().stream("GET", route) as response:
        yield from ((line, 1) for line in response.iter_lines() if line)


def _as_csv(since: float | None) -> Iterator[tuple[str, int]]:
    import msgspec

    from hearth.cli import spreadsheet
    from hearth.record import Entry

    calls = _raw(since)
    first = next(calls, None)  # before the headings, so that nothing is overwritten where no Hearth answers
    yield spreadsheet.line(HEADINGS), 0
    for line, _ in chain(() if first is None else (first,), calls):
        entry = msgspec.json.decode(line, type=Entry)
        for place, row in enumerate(rows_of(entry)):
            yield spreadsheet.line(row), int(place == 0)


def rows_of(entry: Entry) -> Iterator[list[object]]:
    """Yield a row for each attempt of a call, or one without an attempt where nobody was asked."""
    from datetime import UTC, datetime

    call = entry.call
    when = datetime.fromtimestamp(call.time, UTC).isoformat(timespec="milliseconds")
    start = [when, call.id, *(getattr(call, name) for name in _OF_CALL)]
    for attempt in entry.attempts:
        yield [*start, *_of_attempt(attempt)]
    if not entry.attempts:
        known = {"reason": call.reason, "ending": call.ending, "problem": call.problem, "total_ms": call.total_ms}
        yield [*start, *(known.get(name) for name in _OF_ATTEMPT)]


def _of_attempt(attempt: Attempt) -> list[object]:
    return [getattr(attempt, name) for name in _OF_ATTEMPT]
