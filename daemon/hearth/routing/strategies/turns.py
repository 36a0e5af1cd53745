"""round_robin and weighted: each call is a turn, and the number of the turn says who is first."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from hearth.routing.targets import Target

_GOLDEN = 0.6180339887498949
"""Multiples of it fall evenly on the line from 0 to 1, so that few turns already match the weights."""
_DRAWS = 3
"""How many places are drawn; who comes after them stands by weight."""


def rotated(targets: Sequence[Target], turn: int) -> Sequence[Target]:
    """Return the targets as listed, beginning with another one at each turn."""
    first = turn % len(targets)
    return [*targets[first:], *targets[:first]]


def weighted(targets: Sequence[Target], weights: Sequence[float], turn: int) -> Sequence[Target]:
    """Return an order in which over many turns each target is first as often as its weight says.

    `weights` stand in the order of `targets`, none below 0; a missing one counts 1, and one of 0 comes last.
    """
    left = [(target, weights[index] if index < len(weights) else 1.0) for index, target in enumerate(targets)]
    point = turn * _GOLDEN % 1.0
    drawn: list[Target] = []
    while left and len(drawn) < _DRAWS:
        index, point = _draw([weight for _, weight in left], point)
        drawn.append(left.pop(index)[0])
    left.sort(key=lambda one: -one[1])
    return [*drawn, *(target for target, _ in left)]


def _draw(weights: Sequence[float], point: float) -> tuple[int, float]:
    """Return in whose part of the line the point lies, and where within that part (0 to 1), to be used again."""
    total = fsum(weights)
    if total <= 0:
        return 0, point
    passed, at = 0.0, point * total
    last = max(index for index, weight in enumerate(weights) if weight > 0)
    for index, weight in enumerate(weights):
        if weight > 0 and (at < passed + weight or index == last):
            return index, min(max((at - passed) / weight, 0.0), 1.0)
        passed += weight
    return last, point
