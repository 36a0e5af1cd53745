"""`hearth service`: have Hearth started at login, by whatever starts things on this system."""

from __future__ import annotations

import subprocess

import click

from hearth.cli.context import json_option, yes_option
from hearth.cli.output import print_json, say
from hearth.cli.service_plan import connected, delete_all, plan_here


@click.group()
def service() -> None:
    """Start Hearth at login, and look after it there."""


@service.command()
@click.option("--tray", is_flag=True, help="Start the icon too.")
def install(*, tray: bool) -> None:
    """Have Hearth started at login, and now."""
    from hearth_service.install import ServiceError
    from hearth_service.install import install as write

    plan = plan_here(tray=tray)
    try:
        written = write(plan)
    except ServiceError as error:
        raise click.ClickException(f"{error}. `hearth service uninstall` takes back what was written.") from None
    for path in written:
        say(f"Wrote {path}")
    say(f"{plan.manager} starts Hearth at login, and has started it now. Its log: hearth service logs")


@service.command()
@click.option("--all", "everything", is_flag=True, help="Delete the usage log, state, tokens and log too.")
@yes_option
def uninstall(*, everything: bool, yes: bool) -> None:
    """Stop Hearth and start it at login no more.

    What you wrote stays: hearth.toml, hearth.env, presets. With --all the
    usage log, the switches' state, tokens and the daemon's log go too.
    """
    from hearth_service.install import uninstall as take_back

    if everything and (left := connected()):
        undo = " && ".join(f"hearth disconnect {app}" for app in left)
        raise click.ClickException(f"{', '.join(left)} would go on asking for Hearth. First: {undo}")
    if everything and not yes:
        click.confirm("Delete the usage log, the state and the daemon's log? hearth.toml stays.", abort=True)
    gone = take_back(plan_here(tray=True))
    for path in gone:
        say(f"Deleted {path}")
    if everything:
        for path in delete_all():
            say(f"Deleted {path}")
    elif not gone:
        say("Hearth was not started at login.")


@service.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show whether Hearth is started at login, and runs."""
    from hearth_service.install import state

    plan = plan_here(tray=False)
    found = state(plan)
    if as_json:
        print_json(found)
        return
    installed, active = ("yes" if one else "no" for one in (found.installed, found.active))
    say(f"Started at login by {plan.manager}: {installed}; runs: {active}")
    for path in (*found.missing, *found.changed) if found.installed else ():
        say(f"{path} is not as this Hearth would write it. `hearth service install` writes it anew.")


@service.command()
@click.option("-f", "--follow", is_flag=True, help="Go on as more is written.")
def logs(*, follow: bool) -> None:
    """Show the daemon's own log."""
    plan = plan_here(tray=False)
    if not plan.logs:
        raise click.ClickException("There is no log on this system.")
    command = (*plan.logs, "-f") if follow and plan.manager != "Task Scheduler" else plan.logs
    if subprocess.run(command, check=False).returncode != 0:
        raise click.ClickException(f"`{' '.join(command)}` did not work.")
