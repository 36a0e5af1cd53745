"""Names to IP addresses: `localhost` in code, others in threads of our own that cannot stall anything else (F58)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from time import monotonic

from hearth.outbound.egress import Egress
from hearth.problems import Problem, TimedOut, Unreachable

LookUp = Callable[[str], tuple[str, ...]]
"""A blocking lookup: a name to IP literals, the preferred first; raises OSError."""

LOOPBACK = ("127.0.0.1", "::1")
CAP_S = 5.0
TTL_S = 30.0
NEGATIVE_TTL_S = 5.0
MAX_THREADS = 4


def system_look_up(host: str) -> tuple[str, ...]:
    """Ask the system (files, name servers), in its order of preference."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_local_name(host: str) -> bool:
    """Whether the name is this machine by definition (RFC 6761) and never looked up."""
    return host == "localhost" or host.endswith(".localhost")


class Resolver:
    """Looks names up, a few at a time, each at most 5 s, and remembers answers and failures for a short while."""

    def __init__(self, look_up: LookUp = system_look_up, *, cap: float = CAP_S) -> None:
        self._look_up = look_up
        self._cap = cap
        self._known: dict[str, tuple[float, tuple[str, ...] | str]] = {}
        self._pending: dict[str, asyncio.Future[tuple[str, ...]]] = {}

    async def addresses(self, host: str, permit: Egress, who: str = "hearth") -> tuple[str, ...]:
        """Return the IP literals of a name, IPv6 and IPv4 in turn.

        Raises `Forbidden` before anything is asked, if the mode says so; `Unreachable` for an unknown name; `TimedOut`.
        """
        if is_local_name(host):
            return LOOPBACK
        permit.allow_lookup(host, who)
        known = self._known.get(host)
        if known is None or known[0] < monotonic():
            known = (0.0, await self._ask(host, permit, who))
        if isinstance(known[1], str):
            raise _unknown(known[1], host, who)
        return known[1]

    def forget(self) -> None:
        """Forget all answers: the network has changed, or the machine has slept."""
        self._known.clear()

    async def _ask(self, host: str, permit: Egress, who: str) -> tuple[str, ...] | str:
        pending = self._pending.get(host)
        if pending is None:
            if len(self._pending) >= MAX_THREADS:
                raise Unreachable(f"the name {host} was not looked up: {MAX_THREADS} lookups hang already.", who=who)
            permit.contacts.note(f"name lookup: {host}", "cloud")
            pending = self._pending[host] = self._start(host)
        await asyncio.wait([pending], timeout=self._cap)
        if not pending.done():
            raise TimedOut(
                f"the name {host} was not found within {self._cap:g} s.", who=who, next_step="Is the network up?"
            )
        error = pending.exception()
        answer = str(getattr(error, "strerror", None) or error) if error is not None else _interleaved(pending.result())
        self._known[host] = (monotonic() + (NEGATIVE_TTL_S if isinstance(answer, str) else TTL_S), answer)
        return answer

    def _start(self, host: str) -> asyncio.Future[tuple[str, ...]]:
        """Look up in a daemon thread: one that hangs in the system's resolver must not hold up our own exit."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[tuple[str, ...]] = loop.create_future()

        def settle(answer: tuple[str, ...] | Exception) -> None:
            self._pending.pop(host, None)
            if isinstance(answer, Exception):
                future.set_exception(answer)
                future.exception()  # whoever waited may have given up: no warning then
            else:
                future.set_result(answer)

        def work() -> None:
            try:
                answer: tuple[str, ...] | Exception = self._look_up(host)
            except (OSError, UnicodeError) as error:
                answer = error
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(settle, answer)

        threading.Thread(target=work, name=f"look up {host}", daemon=True).start()
        return future


def _unknown(why: str, host: str, who: str) -> Problem:
    return Unreachable(
        f"the name {host} was not found ({why}).", who=who, next_step="Is the network up, and the address right?"
    )


def _interleaved(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Families in turn, the preferred one first, so that one that does not work costs one step (RFC 8305 §4)."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    second = [a for a in addresses if a not in first]
    longest = max(len(first), len(second))
    return tuple(a for pair in zip(_padded(first, longest), _padded(second, longest), strict=True) for a in pair if a)


def _padded(addresses: list[str], length: int) -> list[str]:
    return addresses + [""] * (length - len(addresses))
