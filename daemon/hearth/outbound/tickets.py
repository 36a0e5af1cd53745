"""A call's place in the queue before a local model, and how a wait there may end early."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from time import monotonic
from typing import TYPE_CHECKING

from hearth.problems import Cancelled

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable


class Overflow(Exception):
    """The wait grew longer than the caller's patience, and somebody else may be asked."""


class Superseded(Cancelled):
    """A newer autocompletion of the same editor took the place of this one."""

    kind = "superseded"


class Ticket:
    """One call's place in a lane. `group` says who competes: among tickets of one non-empty group the newest wins."""

    __slots__ = ("group", "note", "position", "since", "supersede")

    def __init__(self, group: str = "", supersede: Callable[[], None] | None = None) -> None:
        """`supersede` is called when a newer ticket of the group needs the slot this one holds."""
        self.group = group
        self.supersede = supersede
        self.since = monotonic()
        self.position = 0
        self.note = ""
        """What it waited for, where that was more than its place in the queue."""


class Waiter:
    """A ticket that waits; `future` ends with the slot, or with the problem that keeps it from one."""

    __slots__ = ("future", "ticket")

    def __init__(self, ticket: Ticket, future: asyncio.Future[None]) -> None:
        """Stand in a queue."""
        self.ticket = ticket
        self.future = future


def supersede(ticket: Ticket, waiters: deque[Waiter], active: Collection[Ticket], slots: int) -> int:
    """Let the newest of a group win: drop older ones that wait, end one that holds the last slot; count that."""
    if not ticket.group:
        return 0
    for waiter in [w for w in waiters if w.ticket.group == ticket.group]:
        waiters.remove(waiter)
        if not waiter.future.done():
            waiter.future.set_exception(Superseded("A newer completion request took this one's place."))
    rivals = [t for t in active if t.group == ticket.group and t.supersede is not None]
    if not rivals or len(active) < slots:
        return 0
    oldest = min(rivals, key=lambda rival: rival.since)
    end, oldest.supersede = oldest.supersede, None
    if end is not None:
        end()
    return 1
