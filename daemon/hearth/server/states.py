"""The state of every target as a policy looks at it: lanes and health, put together only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hearth.routing.world import TargetState

if TYPE_CHECKING:
    from hearth.server.core import Core


class States(Mapping[str, TargetState]):
    """The state of each target at one moment, put together when a policy asks: building a World costs nothing."""

    def __init__(self, core: Core) -> None:
        """Look into the core's lanes and health."""
        self._core = core
        self._known: dict[str, TargetState] = {}

    def __getitem__(self, name: str) -> TargetState:
        """Return a target's state now."""
        known = self._known.get(name)
        if known is None:
            lane = self._core.lanes.get(name)
            rest = self._core.health.target_rest(name)
            known = TargetState(resting_until=rest[0], rest_reason=rest[1]) if lane is None else lane.state(*rest)
            self._known[name] = known
        return known

    def get(self, name: str, default: object = None) -> TargetState:  # noqa: ARG002 -- every name has a state
        """Return a target's state now."""
        return self[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the targets that have a lane."""
        return iter(self._core.lanes)

    def __len__(self) -> int:
        """Count the lanes."""
        return len(self._core.lanes)
