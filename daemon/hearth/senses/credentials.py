"""Who is at the other end of a Unix socket, as the kernel noted it when the connection was made."""

from __future__ import annotations

import socket
import struct
import sys

_UCRED = struct.Struct("=iII")  # pid, uid, gid: unix(7)
_XUCRED = struct.Struct("=II")  # version, uid: sys/ucred.h of macOS and FreeBSD
_XUCRED_SIZE = 76
_SOL_LOCAL = 0
_LOCAL_PEERCRED = 1
_LOCAL_PEERPID = 2  # macOS alone


def peer_credentials(fd: int) -> tuple[int, int | None] | None:
    """Return (user id, process id) of a connected Unix socket's peer; None where this system does not tell.

    Raises OSError when the connection is gone.
    """
    if sys.platform.startswith("linux"):
        with _duplicate(fd) as sock:
            pid, uid, _ = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
            return uid, pid or None
    elif sys.platform == "darwin" or sys.platform.startswith("freebsd"):
        with _duplicate(fd) as sock:
            _, uid = _XUCRED.unpack_from(sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_SIZE))
            return uid, _mac_pid(sock)
    else:
        return None


def _duplicate(fd: int) -> socket.socket:
    return socket.fromfd(fd, socket.AF_UNIX, socket.SOCK_STREAM)


def _mac_pid(sock: socket.socket) -> int | None:
    """Return the peer's process; FreeBSD has no such question and answers with an error."""
    try:
        return int.from_bytes(sock.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID, 4), sys.byteorder) or None
    except OSError:
        return None
