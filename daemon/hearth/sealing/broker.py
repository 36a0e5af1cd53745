"""The broker of a sealed Hearth: the one process that still connects, to this machine alone; all that must be trusted.

Started before the kernel closes the network, it is asked over a socket pair for "7 tcp 127.0.0.1 11434" or "7 unix
/path", and answers "7 0" with the connected socket, or "7 111" with the error's number; "7 cancel" gives one up. It
connects to loopback literals, and to those Unix sockets that stood in the config at start. No byte of a prompt passes
it. It imports nothing of Hearth, writes nothing down, and ends when Hearth closes the other end.
"""

import contextlib
import ctypes
import selectors
import signal
import socket
import sys
from errno import EACCES, EAGAIN, EINPROGRESS
from typing import NamedTuple

PR_SET_DUMPABLE = 4
FULL_QUEUE_S = 0.02
RESOLVERS = (53, 853)  # ports of name servers: one on loopback passes each question on


class Asked(NamedTuple):
    """One wish: connect to that address, or (family 0) give the earlier wish of that number up."""

    number: int
    family: int = 0
    address: tuple[str, int] | str = ""


def read(message: bytes) -> Asked | None:
    """Read one message of Hearth's; None if it is none."""
    with contextlib.suppress(ValueError, IndexError):
        number, what, *rest = message.decode().split(" ", 2)
        if what == "cancel":
            return Asked(int(number))
        if what == "unix":
            return Asked(int(number), socket.AF_UNIX, rest[0])
        host, port = rest[0].split(" ")
        if what == "tcp" and 0 < int(port) < 1 << 16:
            return Asked(int(number), socket.AF_INET6 if ":" in host else socket.AF_INET, (host, int(port)))
    return None


def is_allowed(asked: Asked, paths: frozenset[str]) -> bool:
    """Whether it is this machine: 127.0.0.0/8 or ::1, written out, or one of those Unix sockets."""
    if isinstance(asked.address, str):
        return asked.address in paths
    host, port = asked.address
    try:
        packed = socket.inet_pton(asked.family, host)
    except (OSError, ValueError):
        return False
    return port not in RESOLVERS and (packed == b"\0" * 15 + b"\1" if len(packed) == 16 else packed[0] == 127)


class Broker:
    """Connects for the other end of `channel`, several at a time."""

    def __init__(self, channel: socket.socket, paths: frozenset[str]) -> None:
        self.channel = channel
        self.paths = paths
        self.waiting: dict[int, tuple[Asked, socket.socket]] = {}
        self.full: set[int] = set()  # Unix sockets whose queue is full, which give no event
        self.selector = selectors.DefaultSelector()
        self.selector.register(channel, selectors.EVENT_READ)

    def run(self) -> None:
        """Serve until the other end is closed."""
        while True:
            for key, _ in self.selector.select(FULL_QUEUE_S if self.full else None):
                if key.data in self.waiting:
                    self.end(key.data, self.waiting[key.data][1].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
                elif key.data is None:
                    message = self.channel.recv(4096)
                    if not message:
                        return
                    self.take(read(message))
            for number in [*self.full]:
                self.connect(number)

    def take(self, asked: Asked | None) -> None:
        """Begin what is asked for, or give it up."""
        if asked is None or (asked.number in self.waiting) == bool(asked.family):
            return  # no message at all, a number that is taken, or one that is answered already
        if not asked.family:
            self.drop(asked.number).close()
        elif not is_allowed(asked, self.paths):
            self.channel.send(b"%d %d" % (asked.number, EACCES))
        else:
            sock = socket.socket(asked.family, socket.SOCK_STREAM)
            sock.setblocking(False)
            self.waiting[asked.number] = asked, sock
            self.connect(asked.number)

    def connect(self, number: int) -> None:
        """Try; what takes its time goes on beside the others."""
        asked, sock = self.waiting[number]
        result = sock.connect_ex(asked.address)
        if result == EINPROGRESS:
            self.selector.register(sock, selectors.EVENT_WRITE, number)
        elif result == EAGAIN:
            self.full.add(number)
        else:
            self.end(number, result)

    def end(self, number: int, result: int) -> None:
        """Answer with the socket, or with what kept it from being connected."""
        with self.drop(number) as sock:
            socket.send_fds(self.channel, [b"%d %d" % (number, result)], [] if result else [sock.fileno()])

    def drop(self, number: int) -> socket.socket:
        """Forget a wish; its socket is the caller's to close."""
        _, sock = self.waiting.pop(number)
        self.full.discard(number)
        if sock.fileno() in self.selector.get_map():
            self.selector.unregister(sock)
        return sock


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no process of this user reads it or takes sockets from it
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)  # those are meant for Hearth, which first finishes what is under way
    with contextlib.suppress(ConnectionError):  # Hearth is gone
        Broker(socket.socket(fileno=int(sys.argv[1])), frozenset(sys.argv[2:])).run()
