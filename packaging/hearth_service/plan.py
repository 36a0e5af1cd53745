"""What an installation is, apart from doing it: files with their text, and commands for the service manager."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

Command = tuple[str, ...]


class Wanted(Struct, frozen=True):
    """What shall run at login.

    `hearth` and `tray` are commands with their arguments; `tray` is empty where none is wanted. `tcp` ("host:port") and
    `socket` are the addresses that the service manager opens for us.
    `log` is the daemon's log, where the manager keeps none.
    """

    hearth: Command
    tray: Command = ()
    tcp: tuple[str, ...] = ()
    socket: Path | None = None
    log: Path | None = None
    isolated: bool = False
    """Whether mounts may be kept from the service: only where user namespaces exist."""
    writes: tuple[Path, ...] = ()
    """The folders that an isolated service may write to."""


class File(Struct, frozen=True):
    """One file to be written. All are the user's own; none is executable."""

    path: Path
    text: str


class Installation(Struct, frozen=True):
    """All of it. `start` is told to the manager after writing, `stop` before deleting; `logs` shows the log.

    `restart` ends what runs and starts it, the manager's own sockets left open. `halt` ends it until the next login,
    where ending the daemon alone would not last; without it the daemon is to end by itself before a `restart`. After
    files have changed under what runs, `takes_over` is told, or `reopens` where `addresses`, the file that names them,
    is one of them; with none of these, what runs is stopped and started. `names_us` is how the first file names the
    command it starts.
    """

    manager: str
    files: tuple[File, ...]
    start: tuple[Command, ...]
    stop: tuple[Command, ...]
    after_stop: tuple[Command, ...] = ()
    folders: tuple[Path, ...] = ()
    """Folders that must be there before the start: an isolated service cannot make them."""
    is_active: Command = ()
    logs: Command = ()
    restart: tuple[Command, ...] = ()
    halt: tuple[Command, ...] = ()
    takes_over: tuple[Command, ...] = ()
    reopens: tuple[Command, ...] = ()
    addresses: Path | None = None
    names_us: str = ""
