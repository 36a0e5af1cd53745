"""A call's place in the queue before a local model, and how a wait there may end early."""

from __future__ import annotations

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
