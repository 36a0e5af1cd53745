"""`hearth stop`: finish what is under way, then end."""

from __future__ import annotations

import click

from hearth.cli.context import paths
from hearth.cli.output import say


@click.command()
def stop() -> None:
    """Stop Hearth, after the calls in flight."""
    from hearth.cli.stopping import stop_and_wait

    found = stop_and_wait(paths())
    say(f"Hearth (pid {found.pid}) has stopped.")
