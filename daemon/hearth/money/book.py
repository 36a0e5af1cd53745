"""The prices of all targets under one config and one inventory: each is put together once, when it is first asked for.

The user's price comes first (of the key, else of the model, else of the provider), then the public price list's, then
what the provider's own list says; an answer at home costs its energy. Nobody's price is unknown: there is no tag.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hearth.call import Place
from hearth.money.tags import PriceTag, at_home, configured
from hearth_config.addresses import TcpAddress, place_of
from hearth_config.settings import Key, Price, Provider, Settings

MILLION = 1_000_000
_MOST_STRANGERS = 1024


class Priced(Struct, frozen=True):
    """What a price depends on, for one target. `listed_*` are the provider's own figures in USD a million tokens."""

    name: str
    provider: str
    model: str
    place: Place
    price: Price | None = None
    """The configured one: the model's, else its provider's."""
    listed_input: float | None = None
    listed_output: float | None = None


class PublicPrice(Struct, frozen=True):
    """Whose price is sought in the public list: a provider by its name there or else its address, and a model."""

    provider: str
    address: str
    model: str


PublicPrices = Mapping[PublicPrice, PriceTag | None]
"""What the public list says of those that were sought; None: it has no such model."""
NO_PRICES: PublicPrices = {}
LIST_NAMES = {
    "anthropic": "anthropic", "azure": "azure", "cerebras": "cerebras", "codestral": "mistral", "cohere": "cohere",
    "deepseek": "deepseek", "fireworks": "fireworks", "gemini": "google", "groq": "groq", "minimax": "minimax",
    "minimax-openai": "minimax", "mistral": "mistral", "moonshot": "moonshotai", "openai": "openai",
    "openrouter": "openrouter", "perplexity": "perplexity", "together": "together", "vertex": "google",
    "voyage": "voyageai", "xai": "x-ai",
}  # fmt: skip
"""Our presets under their names in the public list; a provider without preset is found by its address."""


def base_of(model: str) -> str:
    """Return the model that a fine-tuned one was made of ("ft:BASE:owner:…"), or the name itself."""
    return model.split(":")[1] if model.startswith("ft:") and model.count(":") > 1 else model


class PriceBook(Mapping[str, PriceTag]):
    """The prices by "provider/model". Made anew with each generation and inventory; never changes to its users."""

    def __init__(
        self,
        settings: Settings,
        targets: Iterable[Priced] = (),
        public: PublicPrices = NO_PRICES,
        stranger: Callable[[str], Priced | None] = lambda _: None,
        missed: Callable[[], None] = lambda: None,
    ) -> None:
        """`public` is what the price list said so far; `stranger` describes a target that nobody lists.

        `missed` is called when a price was asked for that must be sought in the public list first.
        """
        self._settings = settings
        self._targets = {one.name: one for one in targets}
        self._listed = len(self._targets)
        self._public = public
        self._stranger, self._missed = stranger, missed
        self._known: dict[str, PriceTag | None] = {}
        self._home = at_home(settings.energy.watts, settings.energy.price_per_kwh, settings.budget.currency)
        self._of_keys = {
            (provider.name, key.id): self._configured(key.price)
            for provider in settings.providers.values()
            for key in provider.keys
            if key.price is not None and _own(key, provider)
        }

    def __getitem__(self, name: str) -> PriceTag:
        """Return a target's price; raises `KeyError` where nobody knows it."""
        found = self.tag(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: PriceTag | None = None) -> PriceTag | None:  # type: ignore[override] # no other
        """Return a target's price."""
        return self.tag(name) or default

    def __iter__(self) -> Iterator[str]:
        """Yield the targets whose price is known."""
        return iter([name for name in self._targets if self.tag(name) is not None])

    def __len__(self) -> int:
        """Count them."""
        return sum(self.tag(name) is not None for name in self._targets)

    def tag(self, name: str, key_id: str = "") -> PriceTag | None:
        """Return what a target's answers cost, with a key that has prices of its own; None when nobody knows."""
        if key_id and self._of_keys:
            own = self._of_keys.get((name.partition("/")[0], key_id))
            if own is not None:
                return own
        try:
            return self._known[name]
        except KeyError:
            found = self._known[name] = self._look_up(name)
            return found

    def by_key(self, provider: str) -> bool:
        """Whether keys of a provider have prices of their own: what an answer costs depends on which one is used."""
        return any(name == provider for name, _ in self._of_keys)

    def sought(self, name: str) -> PublicPrice | None:
        """Return what must still be sought in the public list before this target's price is known; None: nothing."""
        target = self._of(name)
        if target is None or target.place != "cloud" or self._said_by_user(target) is not None:
            return None
        wanted = self._entry(target)
        return None if wanted is None or wanted in self._public else wanted

    def all_sought(self) -> frozenset[PublicPrice]:
        """Return the same for all targets that are listed."""
        return frozenset(wanted for name in self._targets if (wanted := self.sought(name)) is not None)

    def _of(self, name: str) -> Priced | None:
        found = self._targets.get(name)
        if found is None:
            found = self._stranger(name)
            if found is not None and len(self._targets) < self._listed + _MOST_STRANGERS:
                self._targets[name] = found
        return found

    def _look_up(self, name: str) -> PriceTag | None:
        target = self._of(name)
        if target is None:
            return None
        said = self._said_by_user(target)
        if said is not None:
            return said
        if target.place != "cloud":
            return self._home
        entry = self._entry(target)
        public = self._public.get(entry) if entry is not None else None
        if entry is not None and entry not in self._public:
            self._missed()
        if public is not None and entry is not None and entry.model != target.model:
            return replace(public, about=entry.model)
        return public or self._listed_by_provider(target)

    def _said_by_user(self, target: Priced) -> PriceTag | None:
        if target.price is not None:
            return self._configured(target.price)
        provider = self._settings.providers.get(target.provider)
        if provider is None:
            return None
        base = base_of(target.model)
        pinned = provider.models.get(base) if base != target.model else None
        if pinned is not None and pinned.price is not None:
            return replace(self._configured(pinned.price), about=base)
        own = [self._of_keys.get((provider.name, key.id)) for key in provider.keys]
        return own[0] if own and None not in own else None

    def _configured(self, price: Price) -> PriceTag:
        return configured(price, self._settings.budget.currency)

    def _entry(self, target: Priced) -> PublicPrice | None:
        provider = self._settings.providers.get(target.provider)
        if provider is None:
            return None
        named = LIST_NAMES.get(provider.preset or "", "")
        if not named and _at_home(provider):
            return None
        return PublicPrice(named, "" if named else str(provider.address), base_of(target.model))

    @staticmethod
    def _listed_by_provider(target: Priced) -> PriceTag | None:
        given, made = target.listed_input, target.listed_output
        if given is None or made is None or given < 0 or made < 0:
            return None
        return PriceTag(input=given / MILLION, output=made / MILLION, source="provider")


def _at_home(provider: Provider) -> bool:
    """Whether the address alone says that the public list cannot know it."""
    address = provider.address
    return not isinstance(address, TcpAddress) or place_of(address.host) in {"machine", "lan"}


def _own(key: Key, provider: Provider) -> bool:
    """Whether a key's price is its own, and not the one it inherits."""
    return key.price != provider.price
