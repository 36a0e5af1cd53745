"""Order statistics: quantiles that were really measured, and the spread of a figure over all rounds."""

import math
import statistics
from collections.abc import Iterable, Sequence

import msgspec


class Spread(msgspec.Struct, frozen=True):
    """One figure over all rounds."""

    median: float
    least: float
    greatest: float
    rounds: tuple[float, ...]


def quantile(ordered: Sequence[int], share: float) -> int:
    """The nearest-rank quantile of ascending values, 0 if there are none; `share` is from 0 to 1."""
    if not ordered:
        return 0
    rank = math.ceil(share * len(ordered))
    return ordered[min(max(rank, 1), len(ordered)) - 1]


def spread(values: Iterable[float]) -> Spread:
    """Median, least and greatest of at least one value."""
    rounds = tuple(values)
    return Spread(statistics.median(rounds), min(rounds), max(rounds), rounds)


def in_ms(times_ns: Iterable[int], prefix: str = "") -> dict[str, float]:
    """`p50_ms`, `p99_ms` and `max_ms` of times in ns, each name behind `prefix`."""
    ordered = sorted(times_ns)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{prefix}{name}_ms": quantile(ordered, share) / 1e6 for name, share in shares.items()}


def overlap(spans: Iterable[tuple[int, int]]) -> int:
    """The most spans (start, end) that hold at one moment."""
    edges = sorted(edge for start, end in spans for edge in ((start, 0), (end, 1)))
    most = held = 0
    for _, closing in edges:
        held += -1 if closing else 1
        most = max(most, held)
    return most
