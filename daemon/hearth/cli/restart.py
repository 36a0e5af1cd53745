"""`hearth restart`: stop, then start again in the background with the same folders, or by the manager that runs it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import home_words, paths
from hearth.cli.output import say
from hearth.cli.own_command import own_command

if TYPE_CHECKING:
    from hearth.status import Status
    from hearth_config.paths import Paths

READY_S = 15.0
_LOOK_S = 0.05
_LAST_LINES = 5


@click.command()
def restart() -> None:
    """Stop Hearth, then start it again in the background.

    Where it was started at login, the system's service manager does it.
    """
    where = paths()
    if _by_manager(where):
        return
    before = _stop(where)
    started = start_in_background(where)
    if before is not None and before.sealed is not None and started.sealed is None:
        say("It is not sealed any more. sealed = true in hearth.toml seals every start.")
    say(f"Hearth runs again (pid {started.pid}): {', '.join(started.listening)}. Its log: {where.log_file}")


def _stop(where: Paths) -> Status | None:
    from hearth.cli.stopping import stop_and_wait
    from hearth.client import DaemonAway

    try:
        found = stop_and_wait(where)
        say(f"Hearth (pid {found.pid}) has stopped.")
    except DaemonAway:
        say("Hearth was not running.")
        return None
    return found


def start_in_background(where: Paths) -> Status:
    """Start `hearth run` apart from this terminal and wait until it answers. Raises `ClickException` with its words."""
    log_size = where.log_file.stat().st_size if where.log_file.exists() else 0
    return _wait_until_ready(where, _start(where), log_size)


def _by_manager(where: Paths) -> bool:
    """Have the service manager start what it was given: its sockets stay open, and nobody else could bind them."""
    from hearth.cli.service_plan import plan_here
    from hearth.cli.stopping import is_gone
    from hearth_service.install import ServiceError, is_ours, runs
    from hearth_service.install import restart as tell

    plan = plan_here(tray=False)
    active = runs(plan)
    if not active and not (is_ours(plan) and is_gone(where)):
        return False
    try:
        if active and not plan.halt:
            _stop(where)
        tell(plan)
    except ServiceError as error:
        if not active:
            return False
        raise click.ClickException(f"{error}. Its log: hearth service logs") from None
    say(f"{plan.manager} has started Hearth anew. Its log: hearth service logs")
    return True


def _start(where: Paths) -> subprocess.Popen[bytes]:
    """Start `hearth run` with a session of its own, so that closing this terminal does not end it."""
    where.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(where.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [*own_command(), *home_words(), "run"],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=Path.home(),
            start_new_session=True,
        )
    finally:
        os.close(descriptor)


def _wait_until_ready(where: Paths, process: subprocess.Popen[bytes], log_size: int) -> Status:
    from hearth.client import Client, ClientError

    deadline = time.monotonic() + READY_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with Client(where) as daemon:
                return daemon.status()
        except ClientError:
            time.sleep(_LOOK_S)
    with where.log_file.open("rb") as file:
        file.seek(log_size)
        lines = file.read().decode(errors="replace").splitlines()
    for line in lines[-_LAST_LINES:]:
        say(line, err=True)
    raise click.ClickException(f"Hearth did not start. Its log has more: {where.log_file}")
