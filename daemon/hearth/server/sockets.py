"""Where clients reach us: the Unix socket (0600 in a 0700 folder) and both loopback addresses.

One lock comes before them (T27, T28, F40; pains 30, 31, 33).
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from msgspec import Struct

from hearth.server.guard import Door
from hearth_config.addresses import Endpoint
from hearth_config.locks import take

BACKLOG = 512
_FINDS = 3
_FIRST_INHERITED_FD = 3
_LOOKS, _LOOK_S = 4, 0.02
_DEAD_AFTER = (
    ("TCP_KEEPIDLE", 60),
    ("TCP_KEEPALIVE", 60),  # what macOS calls it
    ("TCP_KEEPINTVL", 15),
    ("TCP_KEEPCNT", 4),
    ("TCP_USER_TIMEOUT", 120_000),
)
"""A client whose machine is gone is noticed within two minutes: seconds of silence, between questions, how many; ms."""

Holder = Callable[[str, int], str]
"""Names the program that listens on an address and port, "" when that cannot be found out."""


class CannotListen(Exception):
    """An address cannot be had. The message says by whom it is held and what to do."""


class Opened(Struct, frozen=True):
    """A listening socket and the door it is."""

    door: Door
    sock: socket.socket
    path: Path | None = None
    """The file of a Unix socket that we made."""

    def forget(self) -> None:
        """Leave nothing behind for a stranger to take for us. Call with the instance lock held."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.sock.close()


class InstanceLock:
    """Held while a daemon runs: of two that start at once exactly one wins, and a crash leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked before `acquire`."""
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock. Raises `CannotListen` naming the daemon that has it."""
        private_folder(self._path.parent)
        try:
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise _cannot_make(self._path, error) from None
        try:
            _lock_soon(file)
        except OSError:
            file.seek(0)
            pid = file.read().strip()
            file.close()
            raise CannotListen(
                f"Hearth runs already{f' (pid {pid})' if pid else ''}. Stop it with `hearth stop`."
            ) from None
        self._file = file
        with suppress(OSError):  # a full disk: the lock holds all the same, it only does not say whose it is (F42)
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), b"%d\n" % os.getpid())

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _cannot_make(path: Path, error: OSError) -> CannotListen:
    return CannotListen(
        f"{path} cannot be made or written: {error.strerror or error}. Hearth needs a folder of its own there: "
        "correct its permissions, or name another one with `hearth --home DIR`."
    )


def _lock_soon(file: IO[str]) -> None:
    """Lock, also if somebody is just looking whether it is held."""
    for _ in range(_LOOKS):
        with suppress(OSError):
            take(file)
            return
        time.sleep(_LOOK_S)
    take(file)


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter. Raises `CannotListen` when it cannot be had or is not ours."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_make(folder, error) from None
    if sys.platform == "win32":
        return
    found = folder.stat()
    if found.st_uid != os.getuid():
        raise CannotListen(f"The folder {folder} belongs to another user.")


def unix_socket(path: Path) -> Opened:
    """Listen on a Unix socket; a stale one is taken over. Call with the instance lock held."""
    folder = path.parent
    private_folder(folder)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        folder.chmod(0o700)
    if path.exists() and not stat.S_ISSOCK(path.lstat().st_mode):
        raise CannotListen(f"{path} exists and is no socket. Move it away, or set socket under [listen].")
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _umask(0o177):
            sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise CannotListen(
            f"The socket {path} cannot be made: {error.strerror or error}. Set another socket under [listen]."
        ) from None
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return Opened(Door("unix"), sock, path)


@contextmanager
def _umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def tcp_sockets(host: str, port: int, holder: Holder) -> list[Opened]:
    """Listen on an address; with 127.0.0.1 goes ::1 where the system has it. Port 0 finds one that both have free.

    Raises `CannotListen` naming the port's holder.
    """
    for _ in range(_FINDS if port == 0 else 0):
        with suppress(CannotListen):
            return _loopback(host, port, holder)
    return _loopback(host, port, holder)


def _loopback(host: str, port: int, holder: Holder) -> list[Opened]:
    opened = [_tcp(host, port, holder)]
    if host == "127.0.0.1":
        bound = opened[0].door.port
        try:
            opened.append(_tcp("::1", bound, holder))
        except _NoSuchAddress:
            pass
        except CannotListen:
            opened[0].sock.close()
            raise
    return opened


def _notice_the_dead(sock: socket.socket) -> None:
    """Let the system give up clients that went without a word (F24); connections take it over from their listener."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _DEAD_AFTER:
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


class _NoSuchAddress(CannotListen):
    """The system has no such address (IPv6 is off)."""


_MISSING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def _tcp(host: str, port: int, holder: Holder) -> Opened:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _NoSuchAddress(f"{host}: {error.strerror}.") from None
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        _notice_the_dead(sock)
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _refused(error, host, port, holder) from None
    sock.setblocking(False)
    return Opened(Door("tcp", host, sock.getsockname()[1]), sock)


def _refused(error: OSError, host: str, port: int, holder: Holder) -> CannotListen:
    shown = Endpoint(host, port)
    if error.errno in _MISSING:
        return _NoSuchAddress(f"This machine has no address {host}.")
    if error.errno == errno.EADDRINUSE:
        who = holder(host, port)
        return CannotListen(
            f"{shown} is taken{f' by {who}' if who else ''}. Stop that program, or set another tcp under [listen]."
        )
    return CannotListen(f"{shown}: {error.strerror or error}.")


def inherited_sockets(environ: dict[str, str]) -> list[Opened]:
    """Return the sockets a service manager opened for us (LISTEN_PID, LISTEN_FDS of sd_listen_fds(3))."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    count = int(environ.get("LISTEN_FDS", "0"))
    return [_inherited(fd) for fd in range(_FIRST_INHERITED_FD, _FIRST_INHERITED_FD + count)]


def _inherited(fd: int) -> Opened:
    sock = socket.socket(fileno=fd)
    sock.setblocking(False)
    os.set_inheritable(fd, False)
    if sock.family == socket.AF_UNIX:
        return Opened(Door("unix"), sock)
    _notice_the_dead(sock)
    host, port = sock.getsockname()[:2]
    return Opened(Door("tcp", host, port), sock)
