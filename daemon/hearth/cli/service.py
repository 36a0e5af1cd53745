"""`hearth service`: have Hearth started at login, by whatever starts things on this system."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import click

from hearth.cli.context import json_option, paths, yes_option
from hearth.cli.output import print_json, say
from hearth.cli.restart import start_in_background
from hearth.cli.service_plan import connected, delete_all, has_icon, plan_here, show_icon

if TYPE_CHECKING:
    from hearth_service.plan import Installation


@click.group()
def service() -> None:
    """Start Hearth at login, and look after it there."""


@service.command()
@click.option("--tray", is_flag=True, help="Start the icon too.")
def install(*, tray: bool) -> None:
    """Have Hearth started at login, and now."""
    from hearth_service.install import ServiceError
    from hearth_service.install import install as write

    if tray and not has_icon():
        raise click.ClickException(
            'The icon needs the extra "tray" (pystray, Pillow), which is not installed here. Install Hearth with it '
            "(docs/packages.md), or leave --tray out."
        )
    plan = plan_here(tray=tray)
    ended = _make_room(plan)
    try:
        written = write(plan)
    except ServiceError as error:
        if ended:
            start_in_background(paths())
        raise click.ClickException(f"{error}. `hearth service uninstall` takes back what was written.") from None
    for path in written:
        say(f"Wrote {path}")
    say(f"{plan.manager} starts Hearth at login, and has started it now. Its log: hearth service logs")
    if tray and show_icon():
        say("The icon is started too.")


def _make_room(plan: Installation) -> bool:
    """End a daemon that was started by hand, which holds the addresses a manager is to open; whether there was one."""
    from hearth.cli.stopping import is_gone
    from hearth_service.install import runs

    return not is_gone(paths()) and not runs(plan) and _end()


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
        _end()
        for path in delete_all():
            say(f"Deleted {path}")
    elif not gone:
        say("Hearth was not started at login.")


def _end() -> bool:
    """End a daemon that no manager started, after its calls in flight; returns whether there was one.

    Its log would be deleted under it, or its addresses be wanted by a second one.
    """
    from hearth.cli.stopping import stop_and_wait
    from hearth.client import DaemonAway

    try:
        found = stop_and_wait(paths())
    except DaemonAway:
        return False
    say(f"Hearth (pid {found.pid}), which was started by hand, has stopped.")
    return True


@service.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show whether Hearth is started at login, and runs."""
    from hearth_service.install import state

    plan = plan_here(tray=False)
    found = state(plan)
    if as_json:
        missing, changed = ([str(file) for file in files] for files in (found.missing, found.changed))
        shown = {"installed": found.installed, "active": found.active, "missing": missing, "changed": changed}
        print_json({"manager": plan.manager, **shown})
        return
    installed, active = ("yes" if one else "no" for one in (found.installed, found.active))
    say(f"Started at login by {plan.manager}: {installed}; runs: {active}")
    for path in (*found.missing, *found.changed) if found.installed else ():
        say(f"{path} is not as this Hearth would write it. `hearth service install` writes it anew.")


@service.command()
@click.option("-f", "--follow", is_flag=True, help="Go on as more is written.")
def logs(*, follow: bool) -> None:
    """Show the daemon's own log."""
    from hearth_service.install import state

    plan = plan_here(tray=False)
    if not plan.logs:
        raise click.ClickException("There is no log on this system.")
    if not state(plan).installed:
        say(f"Hearth is not started at login. Begun by `hearth restart`, it writes to {paths().log_file}", err=True)
    command = (*plan.logs, "-f") if follow and plan.manager != "Task Scheduler" else plan.logs
    if subprocess.run(command, check=False).returncode != 0:
        raise click.ClickException(f"`{' '.join(command)}` did not work.")
