"""The addresses that `[listen]` names, opened one after the other, and whether a reload would change them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from hearth.senses.ports import holder
from hearth.server.sockets import Opened, inherited_sockets, tcp_sockets, unix_socket
from hearth_config.addresses import Endpoint
from hearth_config.settings import Listen


def opened(listen: Listen, socket: Path, environ: dict[str, str]) -> Iterator[Opened]:
    """Open and yield each listening socket; `socket` is the path that "auto" means.

    What a service manager has opened for us is taken as it is, and not opened again.

    Raises `CannotListen` at the first that cannot be had; what was yielded before is the caller's to close.
    """
    given = inherited_sockets(environ)
    yield from given
    has_socket = any(one.door.kind == "unix" for one in given)
    if listen.socket != "off" and not has_socket and hasattr(asyncio.get_running_loop(), "create_unix_server"):
        yield unix_socket(socket if listen.socket == "auto" else type(socket)(listen.socket))
    taken = {(one.door.address, one.door.port) for one in given}
    for endpoint in (listen.tcp, *listen.also):
        if isinstance(endpoint, Endpoint) and (endpoint.host, endpoint.port) not in taken:
            yield from tcp_sockets(endpoint.host, endpoint.port, holder)


def moved(before: Listen, after: Listen) -> bool:
    """Say whether a reload names other addresses, which only a start can open."""
    return (before.tcp, before.also, before.socket) != (after.tcp, after.also, after.socket)
