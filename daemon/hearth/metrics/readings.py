"""How a metric is read from the daemon's status."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from hearth.metrics.kinds import Kind, Labels, Metric
from hearth.status import Status

Values = Iterable[tuple[Labels, float | None]]


class Reading(NamedTuple):
    """A metric and how it is read from the status; None is not shown."""

    metric: Metric
    read: Callable[[Status], Values]


def plain(
    name: str, unit: str, words: str, read: Callable[[Status], float | None], kind: Kind = "gauge", prometheus: str = ""
) -> Reading:
    """Return a metric without labels, and how it is read."""
    return Reading(Metric(name, kind, unit, words, prometheus=prometheus), lambda status: (((), read(status)),))
