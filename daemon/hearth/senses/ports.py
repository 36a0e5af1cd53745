"""Who has taken a port: the name to put into "address already in use"."""

from __future__ import annotations

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address

from hearth.senses.processes import held_sockets, name_of, pid_of_inode
from hearth.senses.tcp_tables import listeners


def holder(host: str, port: int) -> str:
    """Return who listens at an IP address and port: "ollama (pid 123)", "a program of user ollama"; "" when unknown.

    Takes some milliseconds. Never raises.
    """
    try:
        wanted = ip_address(host)
        return _linux_holder(wanted, port) if sys.platform.startswith("linux") else _holder(wanted, port)
    except Exception:  # noqa: BLE001 -- it only adds a name to an error that is reported anyway
        return ""


def _linux_holder(wanted: IPv4Address | IPv6Address, port: int) -> str:
    for end, owner in listeners(port):
        if _covers(end.address, wanted):
            pid = pid_of_inode(owner.inode) or _only_process(owner.uid)
            return _named(pid) or _of_user(owner.uid)
    return ""


def _holder(wanted: IPv4Address | IPv6Address, port: int) -> str:
    for held in held_sockets():
        if held.listening and held.end.port == port and _covers(held.end.address, wanted):
            return _named(held.pid)
    return ""


def _covers(bound: IPv4Address | IPv6Address, wanted: IPv4Address | IPv6Address) -> bool:
    """Whether a socket bound there keeps the other address taken; `::` takes IPv4 addresses as well."""
    if bound.is_unspecified:
        return bound.version in (wanted.version, 6)
    return bound == wanted or (wanted.is_unspecified and bound.version == wanted.version)


def _named(pid: int | None) -> str:
    name = name_of(pid) if pid else ""
    return f"{name} (pid {pid})" if name else ""


def _only_process(uid: int) -> int | None:
    """Return the one process of a user that has no other: so a packaged Ollama is known, whose files we may not see."""
    import psutil

    found = [process.pid for process in psutil.process_iter(["uids"]) if _runs_as(process.info["uids"], uid)]
    return found[0] if len(found) == 1 else None


def _runs_as(uids: tuple[int, int, int] | None, uid: int) -> bool:
    return uids is not None and uids[0] == uid


def _of_user(uid: int) -> str:
    if sys.platform == "win32":
        return ""
    import pwd

    try:
        return f"a program of user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"a program of user {uid}"
