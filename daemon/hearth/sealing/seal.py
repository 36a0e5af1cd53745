"""The seal of a running Hearth: what the kernel refuses from now on, and the broker that connects in its stead."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from time import time

from hearth.sealing.errors import CannotSeal
from hearth.sealing.helper import Helper
from hearth.sealing.kernel import apply, this_machine
from hearth.sealing.open_sockets import check_open_sockets
from hearth.sealing.program import sealed, without_rings


class Seal:
    """What is under way to be, or is, closed. `since` is a time.time(), 0.0 before."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Start the broker, which may connect to these Unix sockets, and let no event loop make a ring.

        Call before the event loop is made: the kernel does not filter what a ring is asked to do, and uvloop makes
        one. Raises `CannotSeal`.
        """
        self.since = 0.0
        self._machine = this_machine()
        self._helper = Helper(paths)
        try:
            apply(without_rings(self._machine), self._machine)
        except BaseException:
            self._helper.close()
            raise

    @property
    def fault(self) -> str:
        """What does not work as it should: "" or that the broker has ended. The kernel holds all the same."""
        return "the broker has ended: `hearth restart`" if self._helper.gone else ""

    def close(self) -> None:
        """Have the kernel refuse the network to this process, its threads and its children, for good.

        Call in the event loop when the listeners are open. Raises `CannotSeal` if it does not, or does not hold.
        """
        self._helper.attend()
        check_open_sockets()
        apply(sealed(self._machine), self._machine)
        _try_it()
        self.since = time()

    async def tcp(self, ip: str, port: int) -> socket.socket:
        """Return a socket connected to a loopback address. Raises OSError as connect(2) does, or `BrokerGone`."""
        return await self._helper.tcp(ip, port)

    async def unix(self, path: str) -> socket.socket:
        """Return a socket connected to a Unix socket that the config named at start. Raises as `tcp` does."""
        return await self._helper.unix(path)

    def end(self) -> None:
        """Let the broker go; the kernel's part ends with the process."""
        self._helper.close()


def _try_it() -> None:
    """Believe the kernel's yes only after it has said no."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.socket(family, socket.SOCK_STREAM).close()
        except OSError:
            continue  # refused; or this system has no such sockets at all
        why = "the kernel took the filter and still makes sockets of the network"
        raise CannotSeal(why, "Leave sealed out, or use another kernel")
