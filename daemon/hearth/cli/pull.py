"""`hearth pull`: fetch a model into the local Ollama, with progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import clean, print_json_line, say
from hearth.cli.words import size

if TYPE_CHECKING:
    from hearth.status import PullStatus


@click.command()
@click.argument("model")
@json_option
def pull(*, model: str, as_json: bool) -> None:
    """Fetch MODEL from its registry. Ctrl-C leaves the pull running."""
    progress = client().pull(model)
    try:
        if as_json:
            for one in progress:
                print_json_line(one)
        elif sys.stderr.isatty():
            _draw(progress)
        else:
            _list(progress)
    except KeyboardInterrupt:
        say("\nThe pull goes on in the background: `hearth status` shows it.", err=True)
        raise
    if not as_json:
        say(f"{model} is here.")


def _list(progress: Iterable[PullStatus]) -> None:
    """Say each step once, for a log."""
    last = ""
    for one in progress:
        if one.status != last:
            last = one.status
            say(f"{one.status} ({size(one.total)})" if one.total else one.status, err=True)


def _draw(progress: Iterable[PullStatus]) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    text = TextColumn("{task.description}", markup=False)
    with Progress(
        text, BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=Console(stderr=True), transient=True
    ) as bars:
        bar = bars.add_task("starting", total=None)
        for one in progress:
            bars.update(bar, description=clean(one.status)[:40], completed=one.completed or 0, total=one.total)
