"""What a half of a dialect may do besides the one shape that all have: whoever needs it asks whether it is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from hearth.call import Outline
from hearth.chat import Members, Request
from hearth.dialects.dialect import Destination, HttpRequest, Rendered


@runtime_checkable
class Identifies(Protocol):
    """A served half whose clients look for the call's id in error replies (Anthropic)."""

    def identified(self, rendered: Rendered, id: str) -> Rendered:
        """Return the error reply with the id of its call."""
        ...


@runtime_checkable
class ShowsCounts(Protocol):
    """A served half whose clients may ask how many tokens a request would have."""

    def counted(self, tokens: int) -> bytes:
        """Return the body of that answer."""
        ...


@runtime_checkable
class ListsInPages(Protocol):
    """A called half whose providers list their models page by page."""

    def next_models(self, body: bytes, to: Destination) -> HttpRequest | None:
        """Return the request for the page after this one; None after the last."""
        ...


@runtime_checkable
class CountsSometimes(Protocol):
    """A called half of which only some providers count."""

    def counts_at(self, to: Destination) -> bool:
        """Say whether this one does."""
        ...


@runtime_checkable
class Counts(Protocol):
    """A called half whose providers count the tokens of a request without answering it."""

    def count(self, request: Request, to: Destination) -> HttpRequest:
        """Return the question, written from the request's meaning. Raises `Unsupported`."""
        ...

    def count_spliced(self, outline: Outline, members: Members, to: Destination) -> HttpRequest:
        """Return the question of a caller of this same dialect, from the caller's own members."""
        ...

    def counted(self, body: bytes) -> int:
        """Read the number from the answer; raises `BrokenReply`."""
        ...


@runtime_checkable
class NamesSeals(Protocol):
    """A called half whose seals come back from clients in another shape than they had (`chat.Thinking.opaque`)."""

    def seals_in(self, opaque: str) -> Sequence[str]:
        """Return what is secret in a seal and comes back letter by letter: the words of `Destination.foreign`."""
        ...
