"""best_value: cost times time, divided by how often the target answered well lately."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearth.routing.strategies.cost import expected_cost
from hearth.routing.strategies.speed import expected_seconds
from hearth.routing.world import UNKNOWN_TARGET

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings

LEAST_COST = 0.001
"""What is free counts as this much of the budget's currency, so that its time still matters."""
LEAST_SECONDS = 1.0
_LEAST_SUCCESS = 0.01


def value_of(call: Call, world: World, settings: Settings) -> Callable[[Target], float | None]:
    """Return the measure: (cost + 0.001) times (seconds + 1), over the share of good answers; None without a price."""
    cost_of, seconds_of = expected_cost(call, world, settings), expected_seconds(call, world, settings)
    states = world.states

    def measure(target: Target) -> float | None:
        cost = cost_of(target)
        if cost is None:
            return None
        success = states.get(target.name, UNKNOWN_TARGET).success
        return (cost + LEAST_COST) * (seconds_of(target) + LEAST_SECONDS) / max(success, _LEAST_SUCCESS)

    return measure
