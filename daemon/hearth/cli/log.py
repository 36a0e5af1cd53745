"""`hearth log`: the newest calls, one a line."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option, since_option
from hearth.cli.output import print_json, print_json_line, print_table, say
from hearth.cli.words import PLACES, clock, milliseconds, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hearth.client import Client
    from hearth.record import CallRecord

    Filters = dict[str, str | float | None]

_MOST = 1000
_LATE_S = 1.0
"""How long to leave a disk alone that has not taken all yet."""
_ENDINGS = ("complete", "refused", "failed", "truncated", "client_gone", "killed")
_HEADINGS = ("TIME", "ID", "APP", "ASKED", "TARGET", "WHERE", "WHY", "IN", "OUT", "TOOK", "ENDED")


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new calls as they end, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(0, _MOST), default=20, show_default=True, help="How many calls.")
@click.option("--app", help="Only calls of this app, as [apps.NAME] has it.")
@click.option("--target", metavar="PROVIDER/MODEL", help="Only calls that this target answered, or failed last.")
@click.option("--place", type=click.Choice(list(PLACES)), help="Only calls that were answered there.")
@click.option("--ending", type=click.Choice(_ENDINGS), help="Only calls that ended so.")
@since_option
@json_option
def log(*, follow: bool, count: int, as_json: bool, **filters: str | float | None) -> None:
    """List the newest calls, the last one at the bottom. What was said is not in the log."""
    daemon = client()
    if follow:
        _follow(daemon, count, filters, as_json=as_json)
        return
    newest = list(reversed(daemon.calls(count, **filters))) if count else []
    if as_json:
        print_json(newest)
    else:
        print_table(_HEADINGS, map(_row, newest))


def _follow(daemon: Client, count: int, filters: Filters, *, as_json: bool) -> None:
    """Print the newest calls, then each as the daemon tells that it has ended. Raises `DaemonAway` when that ends.

    One that the disk takes late is shown as soon as that is seen: only while the daemon says so is it asked again.
    """
    from hearth.client import DaemonAway

    last = next((call.id for call in daemon.calls(1)), "")
    if count and (newest := daemon.calls(count, **filters)):
        _print(reversed(newest), as_json=as_json)
        last = newest[0].id

    def show_new() -> None:
        nonlocal last
        behind = True
        while behind:
            ended, behind = daemon.calls_so_far(_MOST, after=last, **filters)
            _print(reversed(ended), as_json=as_json)
            last = ended[0].id if ended else last
            if behind:
                sleep(_LATE_S)

    for happening in daemon.events(listening=show_new):
        if happening.kind == "call":
            show_new()
    raise DaemonAway


def _print(calls: Iterable[CallRecord], *, as_json: bool) -> None:
    for call in calls:
        if as_json:
            print_json_line(call)
        else:
            say("  ".join(_row(call)))


def _row(call: CallRecord) -> tuple[str, ...]:
    about = "~" if call.estimated else ""
    return (
        clock(call.time),
        call.id,
        call.app or "-",
        call.asked or "default",
        call.target or "-",
        call.place or "-",
        call.reason or "-",
        about + number(call.input_tokens),
        about + number(call.output_tokens),
        milliseconds(call.total_ms),
        f"{call.ending} ({call.problem})" if call.problem else call.ending,
    )
