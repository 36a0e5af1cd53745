"""The shape of a called half whose answers take several exchanges: create, then stream or ask until it is done.

Pure like all of a dialect: it says what is sent next and reads what came; outbound/exchanges.py sends, waits and keeps.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from msgspec import Struct

from hearth.chat import Request
from hearth.dialects.dialect import Called, Destination, Head, HttpRequest, ReplyReader
from hearth.events import Frame
from hearth.problems import ProviderProblem


class Exchange(Struct, frozen=True):
    """One request of an answer, and what may become of it.

    `base` is scheme and authority ("https://stream.replicate.com") where the provider's own reply named the place to
    go to; "" is the provider's configured address.
    """

    request: HttpRequest
    base: str = ""
    pause_s: float = 0.0
    """Wait so long before it is sent."""
    keep_s: float = 0.0
    """Its reply holds for so long, for every call to this provider: it need not be asked for again meanwhile."""
    optional: bool = False
    """The answer can do without it: where it fails, `Exchanges.missed` is told and the series goes on."""
    binding: bool = False
    """It starts work that goes on without us: its reply is awaited even when we leave, so that it can be cancelled."""


class Exchanges(Protocol):
    """One answer on its way, exchange by exchange: `next`, then `reader` for its reply, which is read to its end."""

    def next(self) -> Exchange | None:
        """Return the exchange that comes now; None when the answer is whole. Raises `Unsupported`."""
        ...

    def reader(self, head: Head) -> ReplyReader:
        """Return a reader for the reply to the exchange returned last; the last of all gives `Done`."""
        ...

    def missed(self, problem: ProviderProblem) -> list[Frame]:
        """Take note that the optional exchange returned last has failed; return what that means, often nothing."""
        ...

    def cancel(self) -> Exchange | None:
        """Return what tells the provider that nobody waits any more; None where nothing is under way there."""
        ...


@runtime_checkable
class CalledInTurns(Called, Protocol):
    """A called half that answers a request by a series of exchanges (Replicate)."""

    friends: tuple[str, ...]
    """Domains besides the configured host that its replies may send us to, with our key (".replicate.com")."""

    def exchanges(self, request: Request, to: Destination, *, stream: bool) -> Exchanges:
        """Begin the answer to one request. Raises `Unsupported` as `request` does."""
        ...
