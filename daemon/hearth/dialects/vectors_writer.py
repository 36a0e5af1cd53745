"""Replies that are vectors, the half that their writers share: no dialect streams them, and a failure is raised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from hearth.events import Event, Failed, Usage, Vectors
from hearth.problems import Problem

Rows = Sequence[Sequence[float]]


class VectorsWriter(ABC):
    """Writes one reply; a dialect adds its own form of the body."""

    content_type = "application/json"
    heartbeat = b""

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the whole reply once its vectors are there."""
        return self.whole(events) if any(isinstance(event, Vectors | Failed) for event in events) else b""

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return the body. Raises the `Problem` of a `Failed`."""
        rows: Rows = ()
        tokens: int | None = None
        for event in events:
            match event:
                case Failed(problem=problem):
                    raise problem
                case Vectors(vectors=vectors):
                    rows = vectors
                case Usage(input=int(count)):
                    tokens = count
        return self._body(rows, tokens)

    @abstractmethod
    def _body(self, rows: Rows, tokens: int | None) -> bytes:
        """Return the body of these vectors; the tokens of what was asked are None where nobody counted them."""

    @abstractmethod
    def failed(self, problem: Problem) -> bytes:
        """Return the error as a body."""
