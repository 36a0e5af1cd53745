"""What is private on this machine: keys that the config names, tokens, variables that hold secrets, folders, names."""

from __future__ import annotations

import getpass
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hearth.cli.scrub import Private
from hearth_config.addresses import Address, TcpAddress, parse_address
from hearth_config.presets import overview
from hearth_config.secrets import SecretError

if TYPE_CHECKING:
    from hearth.status import Status
    from hearth_config.load import Loaded
    from hearth_config.paths import Paths

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|AUTH|CREDENTIAL|COOKIE", re.IGNORECASE)
_OWN_NAMES = ("root", "hearth", "user", "localhost")


def private_here(where: Paths, loaded: Loaded | None, status: Status | None) -> Private:
    """Gather it. Keys in keyrings and of commands are fetched, since they can only be taken out if they are known."""
    secrets = [*_of_variables(loaded.variables if loaded else os.environ), *_tokens(where), *_of_env_file(where)]
    names = [(name, "user") for name in _users()]
    names += [(host, "this host") for host in {socket.gethostname(), socket.gethostname().partition(".")[0]}]
    if loaded is not None:
        secrets += _of_config(loaded)
        names += [(host, "own host") for host in _own_hosts(loaded)]
    if status is not None:
        names += [(caller, "caller") for caller in _callers(status)]
    known = tuple((name, what) for name, what in names if name.lower() not in _OWN_NAMES)
    return Private(tuple(secrets), tuple(_folders(where)), known)


def _of_variables(variables: Mapping[str, str]) -> Iterator[str]:
    for name in variables:
        if _SECRET_NAME.search(name):
            yield variables[name]


def _of_env_file(where: Paths) -> list[str]:
    """Return every value in hearth.env, whatever its name: the file is for keys, and a bad line may hold one too."""
    with suppress(OSError, UnicodeDecodeError):
        lines = where.env_file.read_text("utf-8").splitlines()
        return [line.partition("=")[2].strip().strip("\"'") for line in lines]
    return []


def _tokens(where: Paths) -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return where.token_file.read_text("utf-8").split()
    return []


def _of_config(loaded: Loaded) -> Iterator[str]:
    for provider in loaded.settings.providers.values():
        references = [key.value for key in provider.keys]
        references += [*provider.headers.values(), *([provider.proxy_login] if provider.proxy_login else [])]
        for reference in references:
            with suppress(SecretError):
                yield loaded.secret(reference).reveal()


def _users() -> set[str]:
    found = {Path.home().name}
    with suppress(OSError, KeyError):
        found.add(getpass.getuser())
    return found


def _own_hosts(loaded: Loaded) -> Iterator[str]:
    """Return the hosts of providers that are neither this machine nor one that every Hearth knows."""
    shipped = {_host(row.address) for row in overview()}
    for provider in loaded.settings.providers.values():
        for address in (provider.address, provider.proxy):
            if isinstance(address, TcpAddress) and address.host not in shipped and not _is_loopback(address.host):
                yield address.host
    yield from (host.rpartition(":")[0] or host for host in loaded.settings.listen.hosts)
    yield from loaded.settings.listen.origins


def _host(text: str) -> str:
    try:
        address: Address = parse_address(text)
    except ValueError:
        return ""
    return address.host if isinstance(address, TcpAddress) else ""


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _callers(status: Status) -> Iterator[str]:
    """Return hosts and origins that were refused: they say which web pages somebody visits."""
    for caller in status.refused_callers:
        bare = caller.rpartition("://")[2]
        yield from (caller, bare, bare.rpartition(":")[0] or bare)


def _folders(where: Paths) -> Iterator[tuple[str, str]]:
    yield str(where.config_file.parent), "config folder"
    yield str(where.data_dir), "data folder"
    yield str(where.state_dir), "state folder"
    yield str(where.socket.parent), "runtime folder"
    yield str(where.log_file.parent), "log folder"
    yield str(Path.home()), "home"
