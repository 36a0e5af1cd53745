"""Where a month will end, from the days so far."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hearth.money.forecast import forecast

TODAY = date(2026, 11, 21)


def days(*amounts: float, until: date = TODAY) -> dict[str, float]:
    first = until - timedelta(days=len(amounts))
    return {(first + timedelta(days=n)).isoformat(): amount for n, amount in enumerate(amounts)}


def test_a_steady_pace_goes_on() -> None:
    """Ten days of 1, nine and a half days to come: the range is a point."""
    found = forecast(days(*[1.0] * 10), TODAY, "USD", 0.5)

    assert (found.spent, found.middle, found.low, found.high) == (10.0, 19.5, 19.5, 19.5)


def test_idle_days_count() -> None:
    """A day without calls is a day of 0, else a weekly user would be told seven times as much."""
    found = forecast({"2026-11-14": 7.0, "2026-11-20": 0.0}, TODAY, "USD", 1.0)

    assert found.days == 7
    assert found.middle == 7.0 + 1.0 * 9


def test_an_uneven_pace_has_a_wide_range() -> None:
    """It never goes below what is spent."""
    found = forecast(days(0.0, 0.0, 30.0, 0.0), TODAY, "USD")

    assert found.low is not None
    assert found.middle is not None
    assert found.high is not None
    assert found.spent <= found.low < found.middle < found.high


def test_with_one_day_there_is_no_telling() -> None:
    """The range is open, and said to be."""
    found = forecast({"2026-11-20": 3.0, "2026-11-21": 1.0}, TODAY, "USD")

    assert (found.spent, found.middle, found.low, found.high) == (4.0, None, None, None)


def test_the_last_month_tells_the_pace_but_is_not_spent_in_this_one() -> None:
    """On the first of a month the pace of the month before is what there is."""
    found = forecast(days(*[2.0] * 20, until=date(2026, 12, 1)), date(2026, 12, 1), "USD", 0.0)

    assert (found.spent, found.middle) == (0.0, 62.0)


@given(st.lists(st.floats(0, 100), max_size=60), st.floats(0, 1))
def test_the_range_holds_the_middle_and_never_less_than_what_is_spent(amounts: list[float], share: float) -> None:
    """Whatever was spent."""
    found = forecast(days(*amounts), TODAY, "USD", share)

    if found.low is not None and found.middle is not None and found.high is not None:
        assert found.spent <= found.low <= found.middle + 1e-9
        assert found.middle <= found.high + 1e-9
