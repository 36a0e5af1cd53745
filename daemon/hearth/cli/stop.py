"""`hearth stop`: finish what is under way, then end."""

from __future__ import annotations

import click

from hearth.cli.context import paths
from hearth.cli.output import say


@click.command()
def stop() -> None:
    """Stop Hearth, after the calls in flight.

    Where it was started at login, it stays so until the next one, or until
    `hearth restart`.
    """
    from hearth.cli.stopping import stop_and_wait

    if _by_manager():
        return
    found = stop_and_wait(paths())
    say(f"Hearth (pid {found.pid}) has stopped.")


def _by_manager() -> bool:
    """Have the service manager stop what it runs: it would start it again for the next client at its sockets."""
    from hearth.cli.service_plan import plan_here
    from hearth_service.install import ServiceError, halt, runs

    try:
        plan = plan_here(tray=False)
    except click.ClickException:
        return False  # a bad config: what runs can be stopped all the same
    if not plan.halt or not runs(plan):
        return False
    try:
        halt(plan)
    except ServiceError as error:
        raise click.ClickException(f"{error}. Its log: hearth service logs") from None
    say(f"{plan.manager} has stopped Hearth, until the next login or `hearth restart`.")
    return True
