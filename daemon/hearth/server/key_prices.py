"""What a target costs with the keys that may be used now, where keys have prices of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.money.tags import PriceTag

if TYPE_CHECKING:
    from hearth.money.book import PriceBook
    from hearth.server.core import Core
    from hearth_config.settings import Budget, Provider

Share = tuple[float, PriceTag | None]
"""A key's part of the calls, by its weight, and what answers cost with it."""


def key_prices(core: Core) -> Mapping[str, PriceTag]:
    """Return the prices by target that hold now; the book itself where no key has any of its own."""
    providers = core.generation.settings.providers
    keyed = {name: one for name, one in providers.items() if any(key.price != one.price for key in one.keys)}
    return KeyPrices(core, keyed) if keyed else core.till.book


class KeyPrices(Mapping[str, PriceTag]):
    """The prices at one moment; a target's are put together when they are asked for."""

    def __init__(self, core: Core, keyed: Mapping[str, Provider]) -> None:
        """`keyed` are the providers with a key that has a price of its own."""
        self._core = core
        self._book: PriceBook = core.till.book
        self._keyed = keyed
        self._usable: dict[str, list[tuple[float, str]]] = {}

    def __getitem__(self, name: str) -> PriceTag:
        """Return a target's price; raises `KeyError` where nobody knows it."""
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: PriceTag | None = None) -> PriceTag | None:  # type: ignore[override] # no other
        """Return a target's price."""
        provider = name.partition("/")[0]
        if provider not in self._keyed:
            return self._book.get(name, default)
        keys = self._usable.get(provider)
        if keys is None:
            keys = self._usable[provider] = list(self._ready(provider))
        budget = self._core.generation.settings.budget
        return mean_of([(weight, self._book.tag(name, key)) for weight, key in keys], budget) or default

    def __iter__(self) -> Iterator[str]:
        """Yield the targets whose price is known without a key."""
        return iter(self._book)

    def __len__(self) -> int:
        """Count them."""
        return len(self._book)

    def _ready(self, provider: str) -> Iterator[tuple[float, str]]:
        """Yield weight and id of the keys that may be used now; of all keys while none may."""
        views = self._core.keys.views(self._keyed[provider])
        ready = [one for one in views if one.state == "ready"]
        yield from ((one.weight, one.id) for one in ready or views)


def mean_of(shares: Sequence[Share], budget: Budget) -> PriceTag | None:
    """Return what a call costs on average; None where that is not known of a key.

    Different currencies are put into the budget's; one of which no rate is known makes all of it unknown.
    """
    tags = [tag for _, tag in shares if tag is not None]
    total = sum(weight for weight, _ in shares)
    if not tags or len(tags) < len(shares) or total <= 0:
        return None
    if len({tag.currency for tag in tags}) > 1:
        exchanged = [in_budget(tag, budget) for tag in tags]
        tags = [tag for tag in exchanged if tag is not None]
        if len(tags) < len(exchanged):
            return None
    if len(tags) == 1:
        return tags[0]
    weights = [weight / total for weight, _ in shares]

    def mean(prices: Sequence[float | None]) -> float | None:
        known = [price * weight for price, weight in zip(prices, weights, strict=True) if price is not None]
        return sum(known) if len(known) == len(prices) else None

    return PriceTag(
        input=mean([tag.input for tag in tags]),
        output=mean([tag.output for tag in tags]),
        per_request=mean([tag.per_request for tag in tags]),
        per_second=mean([tag.per_second for tag in tags]),
        currency=tags[0].currency,
        source=tags[0].source,
    )


def in_budget(tag: PriceTag, budget: Budget) -> PriceTag | None:
    """Return a price in the budget's currency; None where no rate is known."""
    rate = 1.0 if tag.currency in {"", budget.currency} else budget.rates.get(tag.currency)
    if rate is None:
        return None

    def exchanged(price: float | None) -> float | None:
        return None if price is None else price * rate

    return replace(
        tag,
        input=exchanged(tag.input),
        output=exchanged(tag.output),
        per_request=exchanged(tag.per_request),
        per_second=exchanged(tag.per_second),
        currency=budget.currency,
    )
