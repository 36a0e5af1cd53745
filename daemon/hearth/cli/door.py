"""Where apps reach this Hearth: the address it listens on, else the one of the config, and the key they must send."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from hearth.cli.context import paths

if TYPE_CHECKING:
    from hearth.connecting.app import Door
    from hearth_config.settings import Listen

TOKEN = "hearth_TOKEN"  # noqa: S105 -- what is shown in the place of a token


def door(model: str) -> Door:
    """Return the door. Raises `ConfigError`, and `ClickException` where Hearth has no TCP address."""
    from hearth.connecting.app import Door as Made
    from hearth_config.load import load

    listen = load(paths(), os.environ, allow_missing=True).settings.listen
    url = _heard() or _written(listen)
    return Made(url, model, TOKEN) if listen.trust == "token" else Made(url, model)


def needs_token(found: Door) -> bool:
    """Whether callers must show a token."""
    return found.key == TOKEN


def _heard() -> str:
    """Return the first TCP address a running daemon listens on, "" without one."""
    from hearth.client import Client, ClientError

    try:
        with Client(paths()) as daemon:
            listening = daemon.status().listening
    except ClientError:
        return ""
    return next((_reachable(address) for address in listening if address.startswith("http")), "")


def _written(listen: Listen) -> str:
    from hearth_config.addresses import Endpoint
    from hearth_config.settings import Listen as Defaults

    if listen.tcp == "off" and not listen.also:
        raise click.ClickException('Apps need a TCP address. Set tcp = "127.0.0.1:11430" under [listen].')
    places = [one for one in (listen.tcp, *listen.also, Defaults().tcp) if isinstance(one, Endpoint)]
    return _reachable(f"http://{places[0]}")


def _reachable(url: str) -> str:
    """Return an address that can be dialled, for one that means all addresses."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
