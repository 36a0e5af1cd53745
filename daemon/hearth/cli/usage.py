"""`hearth usage`: what was asked, how long it took and what it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option, since_option, yes_option
from hearth.cli.output import print_json, print_table, say
from hearth.cli.words import counted, milliseconds, money, number

if TYPE_CHECKING:
    from hearth.status import UsageReport

_HEADINGS = ("CALLS", "ERRORS", "LOCAL", "INPUT", "OUTPUT", "CACHED", "COST", "FIRST TOKEN p50/p95", "TOTAL p50/p95")


@click.group(invoke_without_command=True)
@click.option(
    "--by",
    type=click.Choice(["model", "provider", "key", "app", "place", "day"]),
    default="model",
    show_default=True,
    help="What each row sums up.",
)
@since_option
@json_option
@click.pass_context
def usage(ctx: click.Context, *, by: str, since: float | None, as_json: bool) -> None:
    """Show what was asked, how long it took and what it cost."""
    if ctx.invoked_subcommand is not None:
        return
    report = client().usage(by, since)
    if as_json:
        print_json(report)
        return
    print_table((report.by.upper(), *_HEADINGS), _rows(report))
    if report.note:
        say(report.note, err=True)


@usage.command()
@yes_option
def purge(*, yes: bool) -> None:
    """Empty the usage log for good."""
    daemon = client()
    if not yes:
        click.confirm("Empty the usage log for good?", abort=True, err=True)
    say(f"{counted(daemon.purge(), 'call')} removed from the usage log.")


def _rows(report: UsageReport) -> Iterator[tuple[str, ...]]:
    for row in report.rows:
        about = "~" if row.estimated else ""
        yield (
            row.name,
            number(row.calls),
            number(row.errors),
            number(row.local_calls),
            about + number(row.input_tokens),
            about + number(row.output_tokens),
            number(row.cached_tokens),
            money(row.costs, row.unknown_costs),
            _pair(row.first_token_p50_ms, row.first_token_p95_ms),
            _pair(row.total_p50_ms, row.total_p95_ms),
        )


def _pair(middle: float | None, high: float | None) -> str:
    return f"{milliseconds(middle)} / {milliseconds(high)}"
