"""What the providers said they have, when last asked."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hearth.call import Place
from hearth.dialects.dialect import ModelInfo


class Listing(Struct, frozen=True):
    """What one provider answered. `reachable` None: never asked. `checked_at` is seconds of the monotonic clock.

    `place` is what looking up the provider's host name showed; None: never looked up, or an address literal.
    `given_window` is the context in tokens that this Ollama was seen to give a model for which nobody says one: less
    than the model was trained for, by its own setting or the machine's memory (wire/ollama §5.2); None: not seen yet.
    """

    reachable: bool | None = None
    error: str = ""
    models: tuple[ModelInfo, ...] = ()
    version: str = ""
    checked_at: float = 0.0
    place: Place | None = None
    given_window: int | None = None


NEVER_ASKED = Listing()


class Inventory(Struct, frozen=True):
    """The listings of all providers, by provider name."""

    listings: Mapping[str, Listing] = {}

    def of(self, provider: str) -> Listing:
        """Return what that provider answered, or a listing that says it was never asked."""
        return self.listings.get(provider, NEVER_ASKED)
