"""Numbers, periods and texts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.cli.output import clean
from hearth.cli.periods import start_of
from hearth.cli.words import counted, exact, milliseconds, money, number, rounded, size, span

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@given(st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    """Whatever a server says: no escape, no bell, no return; and plain text is left as it is."""
    shown = clean(text)

    assert not [char for char in shown if (char < " " and char not in "\n\t") or "\x7f" <= char <= "\x9f"]
    assert clean(shown) == shown


def test_what_was_spent_is_never_shown_as_nothing() -> None:
    """A call to a small model costs a hundred-thousandth of a dollar; nobody has to read an exponent for it."""
    assert [rounded(amount) for amount in (0.0, 0.0000068, 0.000099, 0.0001, 1.5)] == [
        "0.0000", "0.0000068", "0.000099", "0.0001", "1.5000",
    ]  # fmt: skip
    assert [exact(amount) for amount in (0.0, 0.00000675, 0.000183, 12.5)] == ["0", "0.00000675", "0.000183", "12.5"]


@given(st.floats(min_value=1e-11, max_value=1e6))
def test_a_sum_is_written_so_that_it_can_be_read_again(amount: float) -> None:
    """Within the digits that are shown, and without an exponent."""
    assert float(rounded(amount)) == pytest.approx(amount, rel=0.06, abs=0.00005 if amount >= 0.0001 else 0)
    assert "e" not in rounded(amount) + exact(min(amount, 99_999.0))


@given(st.text())
def test_a_period_is_read_or_refused(text: str) -> None:
    """Any text is a moment that has passed, or a ValueError that says what to write."""
    try:
        found = start_of(text, NOW)
    except ValueError as error:
        assert "write today, month" in str(error)  # noqa: PT017 -- either outcome is right
    else:
        assert found <= NOW


def test_periods_begin_where_people_expect() -> None:
    """Today and month begin at midnight; hours and days count back from now."""
    assert start_of("today", NOW) == NOW.replace(hour=0, minute=0)
    assert start_of("month", NOW) == NOW.replace(day=1, hour=0, minute=0)
    assert start_of("7d", NOW) == NOW - timedelta(days=7)
    assert start_of("12h", NOW) == NOW - timedelta(hours=12)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (size(None), "-"),
        (size(0), "0 B"),
        (size(4_700_000_000), "4.7 GB"),
        (size(2_000_000_000_000), "2.0 TB"),
        (span(0.34), "340 ms"),
        (span(125), "2 min"),
        (span(7500), "2 h 5 min"),
        (span(100_000), "1 d 3 h"),
        (milliseconds(None), "-"),
        (number(12345), "12,345"),
        (money({}, 0), "0"),
        (money({"USD": 0.012}, 2), "0.0120 USD + 2 unknown"),
        (counted(1, "call"), "1 call"),
        (counted(2, "call"), "2 calls"),
    ],
)
def test_values_read_well(shown: str, expected: str) -> None:
    """Unknown is a dash, never 0; units fit the size."""
    assert shown == expected
