"""`hearth log`: the newest calls, one a line."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, print_json_line, print_table, say
from hearth.cli.words import clock, milliseconds, number

if TYPE_CHECKING:
    from hearth.client import Client
    from hearth.record import CallRecord

EVERY_S = 1.0
_LOOK_BACK = 100
_REMEMBERED = 1000
_HEADINGS = ("TIME", "ID", "APP", "ASKED", "TARGET", "WHERE", "WHY", "IN", "OUT", "TOOK", "ENDED")


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with new calls as they end, until Ctrl-C.")
@click.option("-n", "count", type=click.IntRange(0, 1000), default=20, show_default=True, help="How many calls.")
@json_option
def log(*, follow: bool, count: int, as_json: bool) -> None:
    """List the newest calls, the last one at the bottom. What was said is not in the log."""
    daemon = client()
    newest = list(reversed(daemon.calls(count))) if count else []
    if follow:
        _follow(daemon, newest, as_json=as_json)
    elif as_json:
        print_json(newest)
    else:
        print_table(_HEADINGS, map(_row, newest))


def _follow(daemon: Client, newest: list[CallRecord], *, as_json: bool) -> None:
    seen = deque((call.id for call in daemon.calls(_LOOK_BACK)), maxlen=_REMEMBERED)
    while True:
        for call in newest:
            if as_json:
                print_json_line(call)
            else:
                say("  ".join(_row(call)))
        time.sleep(EVERY_S)
        newest = [call for call in reversed(daemon.calls(_LOOK_BACK)) if call.id not in seen]
        seen.extend(call.id for call in newest)


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
