"""Model names and what they mean, for one config and one inventory: resolving a name twice is a lookup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hearth.call import Task
from hearth.routing.globs import is_glob, pattern_of
from hearth.routing.index import Index
from hearth.routing.inventory import Inventory
from hearth.routing.resolution import Resolution
from hearth.routing.search import Globs, search
from hearth.routing.targets import Target
from hearth_config.settings import Settings

_MOST_NAMES = 1024
_LONGEST_NAME = 256


class Catalog:
    """What names mean. To its users it never changes: new settings, a new inventory or default make a new one."""

    def __init__(self, settings: Settings, inventory: Inventory, default_model: str | None = None) -> None:
        """`default_model` is what `hearth use` chose; None: as the file says."""
        self.settings = settings
        self.inventory = inventory
        self.default_model = default_model
        self._index = Index(settings, inventory)
        self._globs: Globs = tuple((name, pattern_of(name)) for name in settings.models if is_glob(name))
        self._known: dict[tuple[str, Task], Resolution] = {}

    @property
    def targets(self) -> Mapping[str, Target]:
        """All models that config or a provider's list name, by "provider/model", the nearest provider's first."""
        return self._index.targets

    def names(self) -> Iterator[str]:
        """Yield what a client may ask for: aliases, models on this machine by their own names, then all in full."""
        yield from (name for name in self.settings.models if not is_glob(name))
        yield from dict.fromkeys(target.model for target in self._index.home)
        yield from self._index.targets

    def resolve(self, name: str, task: Task) -> Resolution:
        """Return what a name means for that kind of request; "" and "default" mean the default model. Never raises."""
        key = (name, task)
        found = self._known.get(key)
        if found is None:
            found = search(self.settings, self._index, self._globs, self.default_model, name, task, self.names)
            if len(self._known) >= _MOST_NAMES:
                self._known.clear()
            if len(name) <= _LONGEST_NAME:
                self._known[key] = found
        return found
