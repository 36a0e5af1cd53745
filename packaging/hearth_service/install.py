"""Doing it: files written whole or not at all, commands told to the manager, and all of it undone again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from hearth_service.plan import Command, Installation

TOLD_S = 60.0
Run = Callable[[Command], "Told"]


class Told(Struct, frozen=True):
    """What a command did: its exit code and its words."""

    code: int
    said: str = ""


class ServiceError(Exception):
    """The manager would not. The message says which command and what it said."""


def run(command: Command) -> Told:
    """Run a command to its end; one that cannot be started has the exit code 127."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TOLD_S, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        return Told(127, f"{command[0]} is not there")
    except (OSError, subprocess.TimeoutExpired) as error:
        return Told(126, str(error))
    return Told(done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip())


def install(plan: Installation, tell: Run = run) -> tuple[Path, ...]:
    """Write what differs and have it started; returns the files that were written. Raises `ServiceError`.

    What runs already takes over what differs: its own addresses too, and with no connection refused where only the
    command has changed and the manager holds the sockets.
    """
    runs = plan.files[0].path.exists() and _is_active(plan, tell)
    for folder in plan.folders:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = tuple(file.path for file in plan.files if _write(file.path, file.text))
    _order(_to_do(plan, written, tell) if runs else plan.start, tell)
    return written


def restart(plan: Installation, tell: Run = run) -> None:
    """Have what runs ended and started again by its manager. Raises `ServiceError`."""
    _order(plan.restart, tell)


def halt(plan: Installation, tell: Run = run) -> None:
    """Have what runs ended for this session: the sockets too, which would start it again. Raises `ServiceError`."""
    _order(plan.halt, tell)


def is_ours(plan: Installation) -> bool:
    """Whether what is installed starts this very Hearth, and not another home's."""
    return plan.names_us in _read(plan.files[0].path)


def runs(plan: Installation, tell: Run = run) -> bool:
    """Whether the manager runs this very Hearth."""
    return is_ours(plan) and _is_active(plan, tell)


def _to_do(plan: Installation, written: tuple[Path, ...], tell: Run) -> tuple[Command, ...]:
    """Return what a manager must be told whose service runs already."""
    if not written:
        return plan.start if plan.takes_over else ()  # one that was disabled by hand is enabled again
    if plan.takes_over:
        return plan.reopens if plan.addresses in written else plan.takes_over
    for command in plan.stop:
        tell(command)
    return plan.start


def _order(commands: tuple[Command, ...], tell: Run) -> None:
    for command in commands:
        told = tell(command)
        if told.code != 0:
            raise ServiceError(f"`{' '.join(command)}` failed: {told.said or told.code}")


def uninstall(plan: Installation, tell: Run = run) -> tuple[Path, ...]:
    """Have it stopped and delete the files; returns those that were there. A manager that knows nothing is no error."""
    for command in plan.stop:
        tell(command)
    gone = tuple(file.path for file in plan.files if _delete(file.path))
    for command in plan.after_stop:
        tell(command)
    return gone


class State(Struct, frozen=True):
    """How an installation stands: which of its files are there, which say something else, whether it runs."""

    installed: bool
    active: bool
    missing: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()


def state(plan: Installation, tell: Run = run) -> State:
    """Look at an installation."""
    missing = tuple(file.path for file in plan.files if not file.path.exists())
    changed = tuple(file.path for file in plan.files if file.path.exists() and _read(file.path) != file.text)
    return State(len(missing) < len(plan.files), _is_active(plan, tell), missing, changed)


def _is_active(plan: Installation, tell: Run) -> bool:
    return bool(plan.is_active) and tell(plan.is_active).code == 0


def _encoding(path: Path) -> str:
    """Return how a file is written: Windows reads its tasks' XML as UTF-16 alone."""
    return "utf-16" if path.suffix == ".xml" else "utf-8"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding=_encoding(path))
    except (OSError, UnicodeError):
        return ""


def _write(path: Path, text: str) -> bool:
    """Write a file through one beside it, so that a manager never reads half of one; False when it says so already."""
    if path.exists() and _read(path) == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding=_encoding(path))
    beside.replace(path)
    return True


def _delete(path: Path) -> bool:
    """Delete a file, and the folder of ours that it leaves empty."""
    if not path.exists():
        return False
    path.unlink()
    if path.parent.name.endswith(".d") and not any(path.parent.iterdir()):
        path.parent.rmdir()
    return True
