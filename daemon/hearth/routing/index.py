"""All targets that config and inventory know, found by any spelling of their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from hearth.dialects.dialect import ModelInfo
from hearth.routing.inventory import Inventory, Listing
from hearth.routing.targets import (
    Target,
    full_name,
    is_remote_name,
    make_target,
    provider_place,
    same_name,
)
from hearth_config.settings import Provider, Settings
from hearth_config.words import DISTANCE


class Index:
    """Looks targets up; built once for a catalog."""

    def __init__(self, settings: Settings, inventory: Inventory) -> None:
        self._providers = settings.providers
        self._inventory = inventory
        self.targets: dict[str, Target] = {}
        self._spelled: dict[str, Target] = {}
        self._home: defaultdict[str, list[Target]] = defaultdict(list)
        self._away: defaultdict[str, list[Target]] = defaultdict(list)
        self.home: list[Target] = []
        for provider in sorted(settings.providers.values(), key=self._distance):
            self._add(provider)

    def find(self, provider: str, model: str) -> Target:
        """Return that provider's target of that model, one that nobody lists included. The provider must exist."""
        known = self.targets.get(f"{provider}/{model}") or self._spelled.get(f"{provider}/{same_name(model)}")
        if known is not None:
            return known
        settings, listing = self._providers[provider], self._inventory.of(provider)
        return make_target(settings, listing, self._as_listed(settings, listing, model), None)

    def installed(self, name: str) -> list[Target]:
        """Return the models of that name at providers on this machine."""
        return self._home.get(name) or self._home.get(same_name(name)) or []

    def forwarded(self, name: str) -> list[Target]:
        """Return what a name that Ollama forwards to its cloud means: such a model need not be installed."""
        return [self.find(provider.name, name) for provider in self._ollamas()] if is_remote_name(name) else []

    def listed(self, name: str) -> list[Target]:
        """Return the models of that name that other providers list, the nearest provider first."""
        return self._away.get(name) or self._away.get(same_name(name)) or []

    def unasked(self) -> Iterator[Provider]:
        """Yield the Ollamas on this machine that have not said what they have."""
        for provider in self._ollamas():
            if not self._inventory.of(provider.name).reachable:
                yield provider

    def pullers(self) -> Iterator[Provider]:
        """Yield the Ollamas on this machine that may fetch missing models."""
        return (provider for provider in self._ollamas() if provider.pull == "background")

    def _ollamas(self) -> Iterator[Provider]:
        for provider in self._providers.values():
            if provider.dialect == "ollama" and not self._distance(provider):
                yield provider

    def _distance(self, provider: Provider) -> int:
        return DISTANCE[provider_place(provider, self._inventory.of(provider.name))]

    def _add(self, provider: Provider) -> None:
        at_home = not self._distance(provider)
        for target in self._made(provider):
            self.targets[target.name] = target
            folded = same_name(target.model) if provider.dialect == "ollama" else target.model
            self._spelled.setdefault(f"{provider.name}/{folded}", target)
            if at_home and not target.installed:
                continue
            if at_home:
                self.home.append(target)
            for spelling in {target.model, folded}:
                (self._home if at_home else self._away)[spelling].append(target)

    def _made(self, provider: Provider) -> Iterator[Target]:
        listing = self._inventory.of(provider.name)
        same = same_name if provider.dialect == "ollama" else str
        seen = set()
        for info in listing.models:
            if same(info.name) not in seen:
                seen.add(same(info.name))
                yield make_target(provider, listing, info.name, info)
        for name in provider.models:
            if same(name) not in seen:
                yield make_target(provider, listing, self._as_listed(provider, listing, name), _stated(provider, name))

    def _as_listed(self, provider: Provider, listing: Listing, model: str) -> str:
        """Return a model's name as an Ollama here will list it that has not said what it has: with its tag.

        Elsewhere names may have none: Ollama's own cloud lists some without.
        """
        unsaid = provider.dialect == "ollama" and not listing.reachable and not self._distance(provider)
        return full_name(model) if unsaid else model


def _stated(provider: Provider, name: str) -> ModelInfo | None:
    return None if provider.dialect == "ollama" else ModelInfo(name)
