"""Who is calling: what the kernel knows of the process at the other end of a client's connection (design §9)."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from typing import Literal

from msgspec import Struct

from hearth.senses.credentials import peer_credentials
from hearth.senses.netlink import Endpoint, Owner, endpoint, owner_of
from hearth.senses.processes import held_sockets, is_of_our_user, name_of, pid_of_inode
from hearth.senses.tcp_tables import owner_in_tables


class Peer(Struct, frozen=True):
    """What the kernel says of a caller: "ours" is our user or root, "unknown" means that it cannot tell."""

    user: Literal["ours", "other", "unknown"]
    pid: int | None = None


OURS = Peer("ours")
OTHER = Peer("other")
UNKNOWN = Peer("unknown")


async def peer_of(transport: asyncio.BaseTransport) -> Peer | None:
    """Return who is at the other end of a connection; None: nobody any more, so close it.

    On Linux this is one question of some microseconds; elsewhere, and where netlink is refused, a thread looks.
    """
    sock = transport.get_extra_info("socket")
    if sock is None:
        return None
    if sock.family == getattr(socket, "AF_UNIX", None):
        return _unix_peer(sock.fileno())
    ends = _ends(transport)
    if ends is None:
        return None
    if not sys.platform.startswith("linux"):
        return await asyncio.to_thread(_search_peer, *ends)
    try:
        owner = await _owner(*ends)
    except OSError:
        return UNKNOWN
    if owner is None and not _same_machine(*ends):
        return UNKNOWN
    return None if owner is None or owner.inode == 0 else _judge(owner.uid)


async def process_of(transport: asyncio.BaseTransport) -> tuple[int, str] | None:
    """Return (process id, name) of the caller; None if it cannot be seen. Takes milliseconds, in a thread."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return None
    if sock.family == getattr(socket, "AF_UNIX", None):
        peer = _unix_peer(sock.fileno())
        pid = peer.pid if peer is not None else None
    else:
        ends = _ends(transport)
        pid = await _tcp_pid(*ends) if ends is not None else None
    if pid is None:
        return None
    name = await asyncio.to_thread(name_of, pid)
    return (pid, name) if name else None


def _unix_peer(fd: int) -> Peer | None:
    try:
        found = peer_credentials(fd)
    except OSError:
        return None
    if found is None:
        return UNKNOWN
    uid, pid = found
    return Peer(_judge(uid).user, pid)


def _judge(uid: int) -> Peer:
    return OURS if sys.platform != "win32" and uid in (os.getuid(), 0) else OTHER


def _ends(transport: asyncio.BaseTransport) -> tuple[Endpoint, Endpoint] | None:
    """Return the caller's end and ours; None when the connection is gone."""
    theirs, ours = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    return (endpoint(theirs), endpoint(ours)) if theirs and ours else None


def _same_machine(theirs: Endpoint, ours: Endpoint) -> bool:
    """Whether the caller must be in this machine's tables: it came by loopback, or from the very address it called."""
    return theirs.address.is_loopback or theirs.address == ours.address


async def _owner(theirs: Endpoint, ours: Endpoint) -> Owner | None:
    """Ask by netlink; a kernel that cannot answer also says "no such connection", so the tables have to confirm it."""
    try:
        owner = owner_of(theirs, ours)
    except OSError:
        owner = None
    return owner or await asyncio.to_thread(owner_in_tables, theirs, ours)


async def _tcp_pid(theirs: Endpoint, ours: Endpoint) -> int | None:
    if not sys.platform.startswith("linux"):
        return await asyncio.to_thread(_search_pid, theirs, ours)
    try:
        owner = await _owner(theirs, ours)
    except OSError:
        return None
    return None if owner is None or owner.inode == 0 else await asyncio.to_thread(pid_of_inode, owner.inode)


def _search_pid(theirs: Endpoint, ours: Endpoint) -> int | None:
    return next((held.pid for held in held_sockets() if held.end == theirs and held.other == ours), None)


def _search_peer(theirs: Endpoint, ours: Endpoint) -> Peer:
    """Look through the connections of all processes we may see; one that is not among them may be anybody's."""
    pid = _search_pid(theirs, ours)
    if not pid:
        return UNKNOWN
    of_our_user = is_of_our_user(pid)
    return Peer("unknown" if of_our_user is None else "ours" if of_our_user else "other", pid)
