"""What an attempt asks of whoever remembers the sealed state of providers between the calls of a conversation."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Remembers what providers sealed into turns that the caller's dialect cannot carry."""

    def recorder(self, call: Call, target: Target) -> Recorder | None:
        """Return what takes down a translated reply; None where its provider wants nothing back."""
        ...

    def restored(self, request: Request, call: Call, target: Target) -> Request:
        """Return a request with what this target's provider sealed into earlier turns."""
        ...
