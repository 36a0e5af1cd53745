"""Where answers are made, as an order: the nearest first."""

from __future__ import annotations

from collections.abc import Sequence

from hearth.routing.targets import Target
from hearth_config.words import DISTANCE


def by_distance(targets: Sequence[Target]) -> Sequence[Target]:
    """This machine, then your network, then the cloud; as listed among equals."""
    return sorted(targets, key=_distance)


def in_cloud(target: Target) -> bool:
    """Say whether a target answers in the cloud."""
    return target.place == "cloud"


def _distance(target: Target) -> int:
    return DISTANCE[target.place]
