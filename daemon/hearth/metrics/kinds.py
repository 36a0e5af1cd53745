"""What a metric is, and what it showed: frozen values between counting and writing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]
"""The values of a metric's labels, in their order."""


class Metric(Struct, frozen=True):
    """One metric as it is documented. `name` and `labels` are OpenTelemetry's (dotted), units those of UCUM.

    `prometheus` is its name there where custom has another than the dotted one with underscores and its unit.
    `bounds` are the upper ends of a histogram's buckets.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    prometheus: str = ""


class Distribution(Struct, frozen=True):
    """What a histogram has seen: how many fell in each bucket (the last is above all bounds), and their sum."""

    counts: tuple[int, ...]
    sum: float


class Sample(Struct, frozen=True):
    """One value of a metric, or its distribution."""

    labels: Labels
    value: float | Distribution


class Family(Struct, frozen=True):
    """A metric with all its samples."""

    metric: Metric
    samples: tuple[Sample, ...]
