"""least_busy: how many calls a target has under way and waiting, for each slot it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.routing.world import UNKNOWN_TARGET

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings

MOST_SLOTS = 256
"""More slots than this are no limit but a sign that nobody knows it."""


def load_of(call: Call, world: World, settings: Settings) -> Callable[[Target], float]:  # noqa: ARG001 - the one shape
    """Return the measure of load: 0 is idle, 1 is as many calls as there are slots; unknown slots count as one."""
    states = world.states

    def measure(target: Target) -> float:
        state = states.get(target.name, UNKNOWN_TARGET)
        slots = state.slots if 0 < state.slots <= MOST_SLOTS else 1
        return (state.in_flight + state.queued) / slots

    return measure
