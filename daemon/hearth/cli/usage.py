"""`hearth usage`: what was asked, how long it took, what it cost and what answers at home saved."""

from __future__ import annotations

import sys
from shutil import get_terminal_size

import click

from hearth.cli.context import client, json_option, since_option, yes_option
from hearth.cli.output import print_json, print_table, say
from hearth.cli.usage_export import export
from hearth.cli.words import counted


@click.group(invoke_without_command=True)
@click.option(
    "--by",
    type=click.Choice(["model", "target", "provider", "key", "app", "place", "day"]),
    default="model",
    show_default=True,
    help="What each row sums up.",
)
@since_option
@click.option("--all", "whole", is_flag=True, help="Show all columns, also those a terminal has no room for.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@click.option("--forecast", "ahead", is_flag=True, help="Say instead where this month will end, with its range.")
@click.pass_context
def usage(
    ctx: click.Context, *, by: str, since: float | None, whole: bool, as_csv: bool, as_json: bool, ahead: bool
) -> None:
    """Show what was asked, how long it took, what it cost and saved."""
    if ctx.invoked_subcommand is not None:
        return
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two forms: choose one.")
    if ahead:
        from hearth.cli.usage_forecast import show_forecast

        show_forecast(client(), as_json=as_json)
        return
    report = client().usage(by, since)
    if as_json:
        print_json(report)
        return
    from hearth.cli import spreadsheet, usage_view

    if as_csv:
        for line in spreadsheet.lines(*usage_view.flat(report)):
            click.echo(line)
        return
    room = get_terminal_size().columns if sys.stdout.isatty() and not whole else None
    print_table(*usage_view.table(report, room))
    for remark in usage_view.remarks(report):
        say(remark, err=True)


@usage.command()
@click.option("--bodies", is_flag=True, help="Delete only prompts and answers that usage.bodies kept; the log stays.")
@yes_option
@json_option
def purge(*, bodies: bool, yes: bool, as_json: bool) -> None:
    """Empty the usage log for good, and what was kept of what was said."""
    daemon = client()
    what = "Delete the prompts and answers that were kept" if bodies else "Empty the usage log"
    if not yes:
        click.confirm(f"{what} for good?", abort=True, err=True)
    gone = daemon.purge(only_bodies=bodies)
    if as_json:
        print_json({"purged": gone})
        return
    purged = counted(gone, "call")
    say(f"Prompts and answers of {purged} deleted." if bodies else f"{purged} removed from the usage log.")


usage.add_command(export)
