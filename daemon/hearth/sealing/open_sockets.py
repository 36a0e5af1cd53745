"""What is open when the kernel closes the network: nothing may be, or come to be, a way out that was there before."""

from __future__ import annotations

import ipaddress
import os
import socket
from pathlib import Path

from hearth.sealing.errors import CannotSeal

_OF_THE_NETWORK = (socket.AF_INET, socket.AF_INET6)
_WHERE = "Start it from a plain shell or as a service"


def check_open_sockets() -> None:
    """Raise `CannotSeal` for a descriptor that could carry something off this machine: it was open at start.

    Listeners, Unix sockets and connections to loopback are fine.
    """
    for link in Path("/proc/self/fd").iterdir():
        what = str(link.readlink()) if link.is_symlink() else ""  # the folder's own descriptor is gone by now
        if what.startswith("socket:") and not _is_harmless(int(link.name)):
            raise CannotSeal(f"descriptor {link.name} is a socket of the network that was open already", _WHERE)
        if what == "anon_inode:[io_uring]":
            raise CannotSeal(f"descriptor {link.name} is an io_uring, which the kernel does not filter", _WHERE)


def _is_harmless(descriptor: int) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as sock:
        if sock.family == socket.AF_UNIX:
            return True
        if sock.family not in _OF_THE_NETWORK or sock.type != socket.SOCK_STREAM:
            return False
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return True
        try:
            address = ipaddress.ip_address(sock.getpeername()[0])
        except OSError:
            return True  # connected to nobody, and nobody will connect it
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback
