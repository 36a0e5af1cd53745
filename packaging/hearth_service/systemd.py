"""systemd's user units: a service that is watched, the sockets it is started by, and what it is kept from.

Each line's reason is in docs/service.md. Nothing of it needs root.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hearth_service.autostart import tray_file
from hearth_service.plan import Command, File, Installation, Wanted
from hearth_service.templates import text

SERVICE = "hearth.service"
SOCKETS = "hearth.socket"
_USER = ("systemctl", "--user")


def plan(wanted: Wanted, config: Path) -> Installation:
    """Return the units for a user whose configuration folder (XDG_CONFIG_HOME) is `config`."""
    units = config / "systemd" / "user"
    started = (SOCKETS, SERVICE) if _sockets(wanted) else (SERVICE,)
    reload, enable, restart = (*_USER, "daemon-reload"), (*_USER, "enable", *started), (*_USER, "restart", SERVICE)
    return Installation(
        manager="systemd",
        files=tuple(_files(wanted, units, config)),
        start=(reload, (*_USER, "enable", "--now", *started)),
        stop=((*_USER, "disable", "--now", *started),),
        after_stop=(reload,),
        folders=wanted.writes if wanted.isolated else (),
        is_active=(*_USER, "is-active", SERVICE),
        logs=("journalctl", "--user", "--unit", SERVICE, "--output", "cat", "--lines", "100"),
        restart=(restart,),
        halt=((*_USER, "stop", *started),),
        takes_over=(reload, enable, restart),
        reopens=(reload, enable, (*_USER, "restart", *started)),
        addresses=units / SOCKETS,
        names_us=f"ExecStart={quoted(wanted.hearth)}\n",
    )


def _files(wanted: Wanted, units: Path, config: Path) -> Iterator[File]:
    sockets = _sockets(wanted)
    requires = f"Requires={SOCKETS}\nAfter={SOCKETS}\n" if sockets else ""
    yield File(units / SERVICE, text("hearth.service", command=quoted(wanted.hearth), sockets=requires))
    if sockets:
        yield File(units / SOCKETS, text("hearth.socket", listens=sockets))
    if wanted.isolated:
        writable = " ".join(quoted_path(path) for path in wanted.writes)
        yield File(units / f"{SERVICE}.d" / "isolation.conf", text("isolation.conf", writable=writable))
    if wanted.tray:
        yield tray_file(wanted.tray, config)


def _sockets(wanted: Wanted) -> str:
    """Return a ListenStream line for each address; the Unix socket is the user's alone."""
    lines = [f"ListenStream={address}\n" for address in wanted.tcp]
    if wanted.socket is not None:
        lines.append(f"ListenStream={quoted_path(wanted.socket)}\n")
    return "".join(lines)


def quoted(command: Command) -> str:
    """Return a command as ExecStart= reads it (systemd.service(5)): quotes, and no specifier or variable in it."""
    return " ".join(_word(word) for word in command)


def _word(word: str) -> str:
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"' if plain != word or not word or any(char in word for char in " \t'") else word


def quoted_path(path: Path) -> str:
    """Return a path as settings that take paths read it: specifiers escaped."""
    plain = str(path).replace("%", "%%")
    return f'"{plain}"' if " " in plain else plain
