"""What `hearth service` wants of this system: the commands, the addresses of the config, the folders of this Hearth."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hearth.cli.context import home_words, paths
from hearth.cli.own_command import own_command

if TYPE_CHECKING:
    from hearth_service.plan import Installation, Wanted


_TRAY = (sys.executable, "-P", "-m", "hearth_tray")


def plan_here(*, tray: bool) -> Installation:
    """Return the installation for this system and user."""
    from hearth_service import launchd, systemd, windows

    wanted = _wanted(tray=tray)
    if sys.platform == "darwin":
        return launchd.plan(wanted, Path.home(), os.getuid())
    if sys.platform == "win32":
        domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
        return windows.plan(wanted, paths().data_dir, f"{domain}\\{name}" if domain else name)
    return systemd.plan(wanted, _config_folder())


def _config_folder() -> Path:
    said = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(said) if said.startswith("/") else Path.home() / ".config"


def _wanted(*, tray: bool) -> Wanted:
    from hearth_service.plan import Wanted as Made

    where = paths()
    chosen = home_words()
    tcp, socket = _listens()
    return Made(
        hearth=(*own_command(), *chosen, "run"),
        tray=(*_TRAY, *chosen) if tray else (),
        tcp=tcp,
        socket=socket,
        log=where.log_file,
        isolated=_has_user_namespaces(),
        writes=tuple(dict.fromkeys((where.data_dir, where.state_dir, where.socket.parent, where.config_file.parent))),
    )


def show_icon() -> bool:
    """Start the icon now, which systemd's desktops do at login only; a second one leaves by itself. Whether it was."""
    if sys.platform in ("darwin", "win32") or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    quiet = subprocess.DEVNULL
    subprocess.Popen(
        (*_TRAY, *home_words()), stdin=quiet, stdout=quiet, stderr=quiet, cwd=Path.home(), start_new_session=True
    )
    return True


def _listens() -> tuple[tuple[str, ...], Path | None]:
    """Return the addresses of the config that a manager may open for us. Raises `ClickException` for a bad config."""
    from hearth_config.addresses import Endpoint
    from hearth_config.errors import ConfigError
    from hearth_config.load import load

    where = paths()
    try:
        listen = load(where, os.environ, allow_missing=True).settings.listen
    except ConfigError as error:
        raise click.ClickException(str(error)) from None
    tcp = [one for one in (listen.tcp, *listen.also) if isinstance(one, Endpoint)]
    if _has_ipv6():
        tcp += [Endpoint("::1", one.port) for one in tcp if one.host == "127.0.0.1"]
    socket = where.socket if listen.socket == "auto" else None if listen.socket == "off" else Path(listen.socket)
    return tuple(map(str, tcp)), socket


def _has_ipv6() -> bool:
    import socket

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


def _has_user_namespaces() -> bool:
    """Whether mounts can be kept from a user's own service: where this is refused, such a unit would not start."""
    if sys.platform != "linux":
        return False
    unshare = shutil.which("unshare")
    return (
        unshare is not None
        and subprocess.run((unshare, "-Um", "true"), capture_output=True, check=False).returncode == 0
    )


def has_icon() -> bool:
    """Whether the icon could be started at login: the single file, and an installation without the extra, have none."""
    if own_command()[-1].endswith(".pyz"):
        return False
    return all(importlib.util.find_spec(name) is not None for name in ("hearth_tray", "pystray", "PIL"))


def connected() -> list[str]:
    """Return the apps whose settings Hearth has changed, and not changed back."""
    from hearth.connecting.notebook import Notebook

    return sorted(Notebook(paths().state_dir).all())


def delete_all() -> list[Path]:
    """Delete what Hearth itself has written, never what the user did; returns what was there."""
    from hearth.connecting import notebook
    from hearth.senses import given_windows
    from hearth.server import seals_kept

    where = paths()
    # Beside each: what SQLite keeps, the log before.
    grown = (where.database, where.answers_file, where.bodies_file, where.log_file)
    ours = [
        where.state_file, where.token_file, where.lock_file, where.socket, where.answers_key,
        *(where.state_dir / name for name in (notebook.NAME, given_windows.NAME, seals_kept.NAME)),
        *(path for one in grown for path in one.parent.glob(f"{one.name}*")),
        *where.lock_file.parent.glob("tray*.lock"),
    ]  # fmt: skip
    found = [path for path in ours if path.exists()]
    for path in found:
        path.unlink()
    for folder in {path.parent for path in (*ours, *grown)}:
        if folder != where.config_file.parent and folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
    return found
