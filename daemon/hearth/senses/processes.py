"""Which process holds a socket. All of it takes milliseconds: call it in a thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from hearth.senses.netlink import Endpoint, endpoint


class _Connection(Protocol):
    """What psutil tells of a socket; its addresses are pairs with names, or () where there is none."""

    @property
    def laddr(self) -> Any: ...  # noqa: ANN401
    @property
    def raddr(self) -> Any: ...  # noqa: ANN401
    @property
    def status(self) -> str: ...


class Held(NamedTuple):
    """One TCP socket with the process that holds it; `other` None: it listens, or is not connected."""

    end: Endpoint
    other: Endpoint | None
    listening: bool
    pid: int | None


def pid_of_inode(inode: int) -> int | None:
    """Return the process that has a socket open (Linux); None if we may not see it. Of several, the oldest."""
    wanted = f"socket:[{inode}]"
    for pid in sorted(int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal()):
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                if any(_target(entry.path) == wanted for entry in entries):
                    return pid
        except OSError:
            continue
    return None


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 -- a Path for each of thousands of links costs too much
    except OSError:
        return ""


def name_of(pid: int) -> str:
    """Return a process's name; "" if it is gone or hidden."""
    import psutil

    try:
        return psutil.Process(pid).name()
    except (psutil.Error, OSError):
        return ""


def is_of_our_user(pid: int) -> bool | None:
    """Say whether a process runs as our user, or as root; None where the system does not tell."""
    import psutil

    try:
        process = psutil.Process(pid)
        if hasattr(os, "getuid"):
            return process.uids().real in (os.getuid(), 0)
        return process.username() == psutil.Process().username()
    except psutil.Error:
        return None


def held_sockets() -> Iterator[Held]:
    """Yield the TCP sockets of all processes we may see. macOS shows a user only those of the user's own processes."""
    import psutil

    try:
        for found in psutil.net_connections("tcp"):
            if (held := _held(found, found.pid)) is not None:
                yield held
    except (psutil.AccessDenied, PermissionError):
        for process in psutil.process_iter():
            try:
                connections = process.net_connections("tcp")
            except (psutil.Error, OSError):
                continue
            for connection in connections:
                if (held := _held(connection, process.pid)) is not None:
                    yield held


def _held(found: _Connection, pid: int | None) -> Held | None:
    if not found.laddr:
        return None
    other = endpoint((found.raddr.ip, found.raddr.port)) if found.raddr else None
    return Held(endpoint((found.laddr.ip, found.laddr.port)), other, found.status == "LISTEN", pid)
