"""What the providers said they have, when last asked."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hearth.call import Place
from hearth.dialects.dialect import ModelInfo


class Listing(Struct, frozen=True):
    """What one provider answered. `reachable` None: never asked. `checked_at` is seconds of the monotonic clock.

    `place` is what looking up the provider's host name showed; None: never looked up, or an address literal.
    """

    reachable: bool | None = None
    error: str = ""
    models: tuple[ModelInfo, ...] = ()
    version: str = ""
    checked_at: float = 0.0
    place: Place | None = None


NEVER_ASKED = Listing()


class Inventory(Struct, frozen=True):
    """The listings of all providers, by provider name."""

    listings: Mapping[str, Listing] = {}

    def of(self, provider: str) -> Listing:
        """Return what that provider answered, or a listing that says it was never asked."""
        return self.listings.get(provider, NEVER_ASKED)
