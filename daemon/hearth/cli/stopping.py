"""Waiting for a daemon to end: what it still does meanwhile, and when it is gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hearth.cli.output import say
from hearth.cli.words import counted
from hearth_config.locks import held

if TYPE_CHECKING:
    from hearth.status import Status
    from hearth_config.paths import Paths

PATIENCE_S = 40.0
"""Longer than the daemon's own time for calls in flight and for the usage log."""
_LOOK_S = 0.05


def stop_and_wait(where: Paths, patience_s: float = PATIENCE_S) -> Status:
    """Stop the daemon of these folders, wait until it is gone, and return what it was doing.

    Raises `DaemonAway` when there is none, `Refused` when it does not end in time.
    """
    from hearth.client import Client, Refused

    with Client(where) as daemon:
        found = daemon.status()
        daemon.stop()
    if found.calls:
        say(f"Hearth finishes {counted(len(found.calls), 'call')} in flight; Ctrl-C leaves it to that.", err=True)
    deadline = time.monotonic() + patience_s
    while not is_gone(where):
        if time.monotonic() > deadline:
            raise Refused("still_running", f"Hearth (pid {found.pid}) has not ended yet.", "Look at its log.")
        time.sleep(_LOOK_S)
    return found


def is_gone(where: Paths) -> bool:
    """Whether no daemon holds the lock of these folders."""
    return not held(where.lock_file)
