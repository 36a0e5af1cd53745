"""In which order targets that may answer are tried: the strategies by name, one sort function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from hearth.routing.strategies.cost import expected_cost
from hearth.routing.strategies.places import by_distance, in_cloud
from hearth.routing.strategies.room import load_of
from hearth.routing.strategies.speed import expected_seconds
from hearth.routing.strategies.turns import rotated, weighted
from hearth.routing.strategies.value import value_of

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.routing.resolution import Resolution
    from hearth.routing.targets import Target
    from hearth.routing.world import World
    from hearth_config.settings import Settings

Measure: TypeAlias = "Callable[[Target], float | None]"
"""What a target would take for one call, less is better; None is unknown, and comes last."""

MEASURES: Mapping[str, Callable[[Call, World, Settings], Measure]] = {
    "cheapest": expected_cost,
    "fastest": expected_seconds,
    "best_value": value_of,
    "least_busy": load_of,
}
"""The strategies that measure each target anew for each call, and put the least first."""

PRICED = frozenset({"cheapest", "best_value"})
"""The strategies that go by prices."""

MOVING = frozenset({*MEASURES, "round_robin", "weighted"})
"""The strategies whose order changes from call to call, so that a conversation could wander."""


class Order(Struct, frozen=True):
    """Targets in the order of a strategy, and what it measured of each, by name; None where it could not."""

    targets: Sequence[Target]
    figures: Mapping[str, float | None] = {}


def ordered(call: Call, resolution: Resolution, world: World, settings: Settings) -> Order:
    """Return all targets of a name in the order its strategy gives them; the nearest first among equals."""
    targets, strategy = resolution.targets, resolution.strategy
    if len(targets) < 2 or strategy == "as_listed":
        return Order(targets)
    if strategy == "round_robin":
        return Order(rotated(targets, world.turn))
    if strategy == "weighted":
        return Order(weighted(targets, resolution.weights, world.turn))
    begin = MEASURES.get(strategy)
    if begin is None:
        return Order(by_distance(targets))
    return _measured(by_distance(targets), begin(call, world, settings))


def home_first(targets: Sequence[Target]) -> Sequence[Target]:
    """Whatever the strategy said, the cloud comes after all else: what `prefer-local` adds to it."""
    return sorted(targets, key=in_cloud)


def _measured(targets: Sequence[Target], measure: Measure) -> Order:
    measured = [(measure(target), target) for target in targets]
    known = [(figure, target) for figure, target in measured if figure is not None]
    known.sort(key=_figure)
    order = [target for _, target in known]
    if len(order) < len(targets):
        order += [target for figure, target in measured if figure is None]
    return Order(order, {target.name: figure for figure, target in measured})


def _figure(measured: tuple[float, Target]) -> float:
    return measured[0]
