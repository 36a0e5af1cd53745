"""Sums in sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.money.figures import figure


def test_a_sum_is_written_as_a_person_writes_it() -> None:
    """No exponent, and no digits that say nothing."""
    found = [figure(amount) for amount in (0.0, 1e-06, 7.35e-05, 0.00123, 0.06178, 2.0, 12.5, 123_456.0)]

    assert found == ["0", "0.000001", "0.0000735", "0.00123", "0.06178", "2", "12.5", "123456"]


@given(st.floats(min_value=1e-11, max_value=1e9))
def test_what_is_written_is_the_sum(amount: float) -> None:
    """To four digits, or more."""
    assert float(figure(amount)) == pytest.approx(amount, rel=0.001)
    assert "e" not in figure(amount)
