"""The state of every target as a policy looks at it: lanes and health, put together only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hearth.routing.world import TargetState

if TYPE_CHECKING:
    from hearth.server.core import Core


class States(Mapping[str, TargetState]):
    """The state of each target, put together when a policy asks: building a World costs nothing."""

    def __init__(self, core: Core) -> None:
        """Look into the core's lanes and health."""
        self._core = core

    def __getitem__(self, name: str) -> TargetState:
        """Return a target's state now."""
        lane = self._core.lanes.get(name)
        resting_until, why = self._core.health.target_rest(name)
        if lane is None:
            return TargetState(resting_until=resting_until, rest_reason=why)
        view = lane.view()
        return TargetState(
            loaded=view.loaded,
            loading_since=view.loading_since,
            in_flight=view.in_flight,
            queued=view.queued,
            slots=view.slots,
            resting_until=resting_until,
            rest_reason=why,
            gpu_share=lane.gpu_share,
            learned=lane.learned,
        )

    def get(self, name: str, default: object = None) -> TargetState:  # noqa: ARG002 -- every name has a state
        """Return a target's state now."""
        return self[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the targets that have a lane."""
        return iter(self._core.lanes)

    def __len__(self) -> int:
        """Count the lanes."""
        return len(self._core.lanes)
