"""`hearth doctor`: look at everything that commonly stands in the way, with the next step for each."""

from __future__ import annotations

import sys

import click

from hearth.cli.context import json_option, paths
from hearth.cli.output import clean, print_json, say

_SIGNS = {"ok": "ok  ", "note": "note", "bad": "BAD "}
_COLOURS = {"ok": "green", "note": "yellow", "bad": "red"}


@click.command()
@json_option
@click.pass_context
def doctor(ctx: click.Context, *, as_json: bool) -> None:
    """Look for what stands in the way; exit 1 if something does.

    Works with and without a running daemon. Nothing but this machine is asked.
    """
    from hearth.cli.checkup import NOT_CHECKED, checkup

    findings = list(checkup(paths()))
    if as_json:
        print_json({"findings": findings, "not_checked": NOT_CHECKED})
    else:
        for one in findings:
            sign = click.style(_SIGNS[one.state], fg=_COLOURS[one.state]) if sys.stdout.isatty() else _SIGNS[one.state]
            click.echo(f"{sign} {clean(one.text)}")
            if one.next_step:
                say(f"       {one.next_step}")
        say(f"Not checked: {'; '.join(NOT_CHECKED)}.")
    ctx.exit(1 if any(one.state == "bad" for one in findings) else 0)
