"""Until when a model stays loaded, read from an engine's own words."""

from datetime import UTC, datetime
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from hearth.senses.expiry import AT_LEAST_S, monotonic_until

WALL = datetime(2026, 8, 1, 17, 0, 0, tzinfo=UTC).timestamp()


def test_a_moment_of_the_wall_clock_becomes_one_of_the_monotonic() -> None:
    """Ollama's nanoseconds and local offset are understood."""
    until = monotonic_until("2026-08-01T10:05:00.000000000-07:00", now=50.0, wall=WALL)

    assert until == 350.0


def test_for_ever_is_for_ever() -> None:
    """A date centuries ahead, or a server that names none, means that the model stays."""
    assert monotonic_until("2318-11-11T10:24:07.123456789-07:00", now=50.0, wall=WALL) == inf
    assert monotonic_until("", now=50.0, wall=WALL) == inf


@given(st.one_of(st.text(max_size=40), st.just("0001-01-01T00:00:00Z"), st.datetimes().map(datetime.isoformat)))
def test_whatever_is_written_a_listed_model_is_loaded_now(text: str) -> None:
    """A time that is over or unreadable never says that a model which is listed as loaded has gone."""
    assert monotonic_until(text, now=50.0, wall=WALL) >= 50.0 + AT_LEAST_S
