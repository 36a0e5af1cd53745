"""Order statistics of the benchmarks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats import in_ms, overlap, quantile, spread

TIMES = st.lists(st.integers(0, 10**12), min_size=1)


@given(TIMES, st.floats(0, 1))
def test_a_quantile_was_really_measured(times: list[int], share: float) -> None:
    """A quantile is one of the values, and at least that share of all values is not above it."""
    ordered = sorted(times)

    found = quantile(ordered, share)

    assert found in ordered
    assert sum(time <= found for time in ordered) >= share * len(ordered) - 1e-6


def test_no_values_have_the_quantile_zero() -> None:
    """Where nothing was measured the quantile is 0, not an error in the middle of a run."""
    assert quantile([], 0.5) == 0


def test_times_are_given_in_ms() -> None:
    """Nanoseconds go in, milliseconds come out, under the prefix that was asked for."""
    times = [3_000_000, 1_000_000, 2_000_000]

    figures = in_ms(times, "way_")

    assert figures == {"way_p50_ms": 2.0, "way_p99_ms": 3.0, "way_max_ms": 3.0}


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_a_spread_holds_its_median_between_its_ends(values: list[float]) -> None:
    """Least, median and greatest come in this order, and the rounds are all kept."""
    found = spread(values)

    assert found.least <= found.median <= found.greatest
    assert list(found.rounds) == values


@pytest.mark.parametrize(
    ("spans", "most"),
    [([], 0), ([(0, 1)], 1), ([(0, 5), (1, 2), (3, 4)], 2), ([(0, 9), (1, 9), (2, 3)], 3), ([(0, 1), (2, 3)], 1)],
)
def test_overlap_counts_what_holds_at_one_moment(spans: list[tuple[int, int]], most: int) -> None:
    """Streams count as one crowd only while they really run together."""
    assert overlap(spans) == most
