"""Durations, sizes and percentages as users write them."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth_config.units import check_keep_alive, parse_duration, parse_percentage, parse_size

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
SIZES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


@given(st.integers(0, 10**9), st.sampled_from(sorted(UNITS)))
def test_a_duration_is_its_number_times_its_unit(number: int, unit: str) -> None:
    """Whatever number and unit are joined, the seconds are their product."""
    assert parse_duration(f"{number}{unit}") == pytest.approx(number * UNITS[unit])
    assert parse_duration(f"{number} {unit}") == pytest.approx(number * UNITS[unit])


@given(st.integers(0, 10**6), st.sampled_from(sorted(SIZES)))
def test_a_size_is_whole_bytes(number: int, unit: str) -> None:
    """MB counts by 1000 and MiB by 1024; case does not matter."""
    assert parse_size(f"{number}{unit}") == number * SIZES[unit]
    assert parse_size(f"{number}{unit.lower()}") == number * SIZES[unit]


@given(st.integers(0, 100))
def test_a_percentage_is_a_share_of_one(number: int) -> None:
    """0 % to 100 % become 0.0 to 1.0."""
    assert parse_percentage(f"{number}%") == pytest.approx(number / 100)


def test_off_is_no_percentage_at_all() -> None:
    """A threshold that is off is None, which no measured share can reach."""
    assert parse_percentage("off") is None


@given(st.text(max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes a parser fail in another way than ValueError, nor gives a negative value."""
    for parse in (parse_duration, parse_size, parse_percentage):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert value is None or value >= 0


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_duration, "10"),
        (parse_duration, "10 seconds"),
        (parse_duration, "-1s"),
        (parse_duration, "1e3s"),
        (parse_duration, "infs"),
        (parse_duration, "10S"),
        (parse_duration, "١٠s"),
        (parse_duration, ""),
        (parse_size, "64"),
        (parse_size, "64M"),
        (parse_size, "-1MB"),
        (parse_percentage, "101%"),
        (parse_percentage, "0.85"),
        (parse_percentage, "OFF"),
    ],
)
def test_what_could_be_misread_is_refused(parse: Callable[[str], object], text: str) -> None:
    """A number without unit, a sign, a foreign digit or an unknown unit is an error, not a guess."""
    with pytest.raises(ValueError, match="is no"):
        parse(text)


@pytest.mark.parametrize("text", ["10m", "1h30m", "0", "-1m", "1.5h", "500ms"])
def test_keep_alive_passes_as_it_is(text: str) -> None:
    """Ollama reads Go durations; what it would take is sent unchanged."""
    assert check_keep_alive(text) == text


@pytest.mark.parametrize("text", ["-1", "300", "10 m", "forever", "m", ""])
def test_keep_alive_that_ollama_would_refuse_is_refused_here(text: str) -> None:
    """A bare number in a string is a 400 of Ollama on every call, so it is refused at load."""
    with pytest.raises(ValueError, match="Ollama"):
        check_keep_alive(text)
