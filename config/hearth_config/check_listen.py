"""What must hold for the addresses that Hearth listens on, and for the names and origins it accepts."""

import re
from collections.abc import Iterator
from typing import Final

from hearth_config.addresses import Endpoint, place_of
from hearth_config.errors import Path, Problem
from hearth_config.settings import Listen

_HOST_NAME: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?|[0-9A-Fa-f:.]+", re.ASCII)
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9._:\[\]-]+", re.ASCII)
_MAX_SOCKET_PATH: Final = 100  # the shortest system limit is 104 bytes, macOS


def check_listen(listen: Listen) -> Iterator[Problem]:
    """Every problem of [listen]."""
    yield from _endpoints(listen)
    yield from _socket(listen.socket)
    if listen.tcp == "off" and listen.socket == "off" and not listen.also:
        yield Problem(("listen", "socket"), "is off, and so is tcp: nothing could reach Hearth", "Leave one of them on")
    for index, host in enumerate(listen.hosts):
        if not _HOST_NAME.fullmatch(host):
            step = (
                'Write a name such as "box.lan" (or "box.lan:8443" where clients use another port), without scheme or *'
            )
            yield Problem(("listen", "hosts", index), "is no host name", step)
    for index, origin in enumerate(listen.origins):
        if not _ORIGIN.fullmatch(origin):
            step = 'Write it as the browser sends it, such as "http://localhost:3000", without a path or *'
            yield Problem(("listen", "origins", index), "is no origin", step)


def _endpoints(listen: Listen) -> Iterator[Problem]:
    endpoints: list[tuple[Path, Endpoint]] = [(("listen", "also", i), item) for i, item in enumerate(listen.also)]
    if isinstance(listen.tcp, Endpoint):
        endpoints.insert(0, (("listen", "tcp"), listen.tcp))
    seen = set()
    for path, endpoint in endpoints:
        if endpoint in seen and endpoint.port:
            yield Problem(path, f"{endpoint} is listened on twice", "Remove one of the two")
        seen.add(endpoint)
        if not is_loopback(endpoint.host) and not (listen.hosts and listen.trust == "token"):
            step = 'Set trust = "token" and list the names that clients use in hosts, or listen on 127.0.0.1'
            yield Problem(path, f"{endpoint.host} can be reached from other machines", step)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on `host`; not so for 0.0.0.0 and ::, which are every address."""
    return place_of(host) == "machine" and host not in {"0.0.0.0", "::"}  # noqa: S104


def _socket(socket: str) -> Iterator[Problem]:
    if socket not in {"auto", "off"} and not socket.startswith("/"):
        yield Problem(("listen", "socket"), "is no absolute path", 'Write "auto", "off" or a path that begins with /')
    if len(socket.encode()) > _MAX_SOCKET_PATH:
        yield Problem(("listen", "socket"), "is too long for a socket", f"Use at most {_MAX_SOCKET_PATH} bytes")
