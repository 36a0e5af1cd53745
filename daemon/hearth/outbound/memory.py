"""What an attempt asks of whoever remembers the sealed state of providers between the calls of a conversation."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.chat import Request
    from hearth.events import Frame
    from hearth.outbound.upstream import Target


class Recorder(Protocol):
    """Takes down what a provider will want back."""

    def see(self, frames: Sequence[Frame]) -> None:
        """Take note of what these frames mean. Never raises."""
        ...


class Memory(Protocol):
    """Remembers what providers sealed into turns, and which of them it was."""

    def recorder(self, call: Call, target: Target, *, passing: bool, key: str) -> Recorder | None:
        """Return what takes down a reply; None where its provider seals nothing and wants nothing back.

        `passing`: it goes to its client in its own bytes, seals included, so that only their maker is noted, and to
        which `key` belongs what its provider keeps.
        """
        ...

    def foreign(self, target: Target) -> Container[str] | None:
        """Return what others than this target's provider sealed; None where nobody else did."""
        ...

    def restored(self, request: Request, call: Call, target: Target) -> Request:
        """Return a request with what this target's provider sealed into earlier turns, and with no other's seals."""
        ...
