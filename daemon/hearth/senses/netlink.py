"""One exact question to the Linux kernel: whose is the socket at the other end of a connection (sock_diag(7))."""

from __future__ import annotations

import socket
import struct
from errno import ENOENT
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_ERROR = 2
_NLM_F_REQUEST = 1
_NO_COOKIE = 0xFFFFFFFF
_TCP_LISTEN = 10
_ALL_STATES = 0xFFFFFFFF

# linux/netlink.h and linux/inet_diag.h; ports and addresses stand in network order, all else in the machine's own.
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port id
_REQUEST = struct.Struct("=BBBxI")  # family, protocol, extensions, states
_ENDS = struct.Struct("!HH16s16s")  # source port, destination port, source, destination
_COOKIE = struct.Struct("=III")  # interface, cookie
_REPLY = struct.Struct("=BBBB")  # family, state, timer, retransmissions
_OWNER = struct.Struct("=IIIII")  # expires, read queue, write queue, uid, inode
_ERRNO = struct.Struct("=i")

_ENDS_AT = _HEADER.size + _REPLY.size
_OWNER_AT = _ENDS_AT + _ENDS.size + _COOKIE.size


class Endpoint(Struct, frozen=True):
    """One end of a TCP connection; an IPv4-mapped IPv6 address is written as the IPv4 address it means."""

    address: IPv4Address | IPv6Address
    port: int


class Owner(Struct, frozen=True):
    """Whose a socket is. `inode` 0: nobody's any more, its process has closed it."""

    uid: int
    inode: int


def endpoint(name: tuple[str, int] | tuple[str, int, int, int]) -> Endpoint:
    """Read a socket's name as Python gives it, with or without flow and scope."""
    address = ip_address(name[0].partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return Endpoint(mapped or address, name[1])


def owner_of(end: Endpoint, other: Endpoint) -> Owner | None:
    """Return whose the socket is that is named `end` and connected to `other`; None: there is none.

    Sockets of both families are found under the IPv4 address they use. Raises OSError where netlink is refused.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asking:
        asking.send(_question(end, other))  # to the kernel, where no address is given; a sealed Hearth may give none
        return _read(asking.recv(8192, socket.MSG_DONTWAIT), end, other)  # the kernel has answered within send


def _question(end: Endpoint, other: Endpoint) -> bytes:
    family = socket.AF_INET if end.address.version == 4 else socket.AF_INET6
    asked = b"".join(
        (
            _REQUEST.pack(family, socket.IPPROTO_TCP, 0, _ALL_STATES),
            _ends(end, other),
            _COOKIE.pack(0, _NO_COOKIE, _NO_COOKIE),
        )
    )
    return _HEADER.pack(_HEADER.size + len(asked), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + asked


def _ends(end: Endpoint, other: Endpoint) -> bytes:
    return _ENDS.pack(end.port, other.port, end.address.packed, other.address.packed)


def _read(answer: bytes, end: Endpoint, other: Endpoint) -> Owner | None:
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        (code,) = _ERRNO.unpack_from(answer, _HEADER.size)
        if -code == ENOENT:
            return None
        raise OSError(-code, "the kernel does not tell whose a connection is")
    _, state, _, _ = _REPLY.unpack_from(answer, _HEADER.size)
    source, destination, _, _ = _ENDS.unpack_from(answer, _ENDS_AT)
    if state == _TCP_LISTEN or (source, destination) != (end.port, other.port):
        return None  # the kernel also offers whoever listens at that address
    _, _, _, uid, inode = _OWNER.unpack_from(answer, _OWNER_AT)
    return Owner(uid, inode)
