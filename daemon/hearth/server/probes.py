"""What the prober looks at: this daemon's providers by their intervals, and the models whose calls failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from hearth.outbound.circuit import CLOSED
from hearth.outbound.loading import embeds
from hearth.problems import Problem
from hearth.routing.modes import REACH
from hearth.senses.probing import interval_of

if TYPE_CHECKING:
    from hearth.dialects.dialect import HttpRequest
    from hearth.routing.targets import Target
    from hearth.server.core import Core

MARGIN_S = 10.0
"""How long a token may take, and so by how much a probed model's stay is shortened rather than ever prolonged."""


class CorePatients:
    """The providers and models of a core."""

    def __init__(self, core: Core) -> None:
        """Look into the core whenever asked."""
        self._core = core

    def intervals(self) -> Mapping[str, float]:
        """Return each provider that is to be looked at and may be asked, with the seconds between two looks."""
        core = self._core
        reach = REACH[core.mode]
        found = {
            name: interval_of(runtime.settings.health_check_interval, runtime.place)
            for name, runtime in core.generation.providers.items()
            if runtime.place in reach
        }
        return {name: every for name, every in found.items() if every is not None}

    async def look(self, provider: str) -> str:
        """Ask a provider what it has, as the inventory does; returns what went wrong."""
        listing = await self._core.inventory.refresh(provider)
        return listing.error

    def doubted(self, provider: str) -> Iterator[Target]:
        """Yield the provider's models that are in doubt, and loaded and idle as far as anybody knows."""
        core = self._core
        for target in list(core.catalog.targets.values()):
            doubted = target.provider == provider and core.health.circuit(target.name) != CLOSED
            if doubted and target.place == "machine" and target.loaded and not target.remote and not embeds(target):
                yield target

    async def ask_a_token(self, target: str) -> bool:
        """Ask a model for one token unless it is at work, or that would load it or prolong its stay.

        How it ends counts as an attempt. Raises the `Problem` it ended in.
        """
        core = self._core
        found = core.catalog.targets.get(target)
        request = self._question(found) if found is not None and self._idle(target) else None
        if found is None or request is None:
            return False
        core.health.trying(target)
        try:
            await core.fetch(found.provider, request)
        except Problem as problem:
            core.health.failed(target, problem)
            raise
        core.health.succeeded(target)
        return True

    def _idle(self, target: str) -> bool:
        lane, track = self._core.lanes.get(target), self._core.learned.get(target)
        return (lane is None or lane.idle) and (track is None or not track.in_flight)

    def _question(self, target: Target) -> HttpRequest | None:
        """Return what to ask; None where asking would not be harmless.

        An Ollama counts a model's stay from the end of its last call, by the last `keep_alive` it was sent. So one that
        stays for ever can be asked; one that does not, only where Hearth sends its own `keep_alive` with every call:
        what is left of the stay is sent then, less what asking may take.
        """
        runtime = self._core.target(target.provider)
        if target.dialect == "openai_chat":
            from hearth.dialects.openai_chat import probes as openai_probes

            return openai_probes.one_token(runtime.describe(target))
        if target.dialect != "ollama" or not _as_loaded(target):
            return None
        from hearth.dialects.ollama import probes

        left = self._core.inventory.loaded_until(target) - monotonic()
        if left != inf and (target.pins.keep_alive is None or left < 2 * MARGIN_S):
            return None
        rest = None if left == inf else left - MARGIN_S
        return probes.one_token(runtime.describe(target), target.loaded_window or 0, rest)


def _as_loaded(target: Target) -> bool:
    """Say whether a call of ours would find the model loaded with the window it wants."""
    window = target.loaded_window
    return bool(window) and target.pins.num_ctx in {None, window}
