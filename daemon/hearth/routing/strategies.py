"""In which order targets that may answer are tried: one sort function each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from hearth.routing.targets import DISTANCE, Target

Strategy: TypeAlias = Callable[[Sequence[Target]], Sequence[Target]]


def local_first(targets: Sequence[Target]) -> Sequence[Target]:
    """This machine, then your network, then the cloud; as listed among equals."""
    return sorted(targets, key=_distance)


def as_listed(targets: Sequence[Target]) -> Sequence[Target]:
    """The order the user wrote."""
    return targets


def home_first(targets: Sequence[Target]) -> Sequence[Target]:
    """Whatever the strategy said, the cloud comes after all else: what `prefer-local` adds to it."""
    return sorted(targets, key=_in_cloud)


ACTIVE: dict[str, Strategy] = {"local_first": local_first, "as_listed": as_listed}
"""The strategies that decide now; a name missing here behaves as `local_first`."""


def strategy_of(name: str) -> Strategy:
    """Return the sort function of that name, `local_first` for one that is not active yet."""
    return ACTIVE.get(name, local_first)


def _distance(target: Target) -> int:
    return DISTANCE[target.place]


def _in_cloud(target: Target) -> bool:
    return target.place == "cloud"
