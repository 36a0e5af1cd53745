"""`hearth restart`: stop, then start again in the background with the same folders."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import home, paths
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
    """Stop Hearth, then start it again in the background."""
    from hearth.cli.stopping import stop_and_wait
    from hearth.client import DaemonAway

    where = paths()
    try:
        found = stop_and_wait(where)
        say(f"Hearth (pid {found.pid}) has stopped.")
    except DaemonAway:
        say("Hearth was not running.")
    log_size = where.log_file.stat().st_size if where.log_file.exists() else 0
    started = _wait_until_ready(where, _start(where), log_size)
    say(f"Hearth runs again (pid {started.pid}): {', '.join(started.listening)}. Its log: {where.log_file}")


def _start(where: Paths) -> subprocess.Popen[bytes]:
    """Start `hearth run` with a session of its own, so that closing this terminal does not end it."""
    where.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = home()
    chosen = ["--home", str(Path(folder).expanduser().absolute())] if folder else []
    descriptor = os.open(where.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [*own_command(), *chosen, "run"],
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
