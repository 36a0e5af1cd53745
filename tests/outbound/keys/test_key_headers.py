"""What a reply's headers, and the words of a spent quota, say of a key's limits."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.dialects.dialect import Head
from hearth.outbound.keys.quota_dates import LONGEST_S, back_in
from hearth.outbound.keys.rate_limits import Told, read_limits, read_reset

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


def told(*headers: tuple[str, str]) -> tuple[Told, ...]:
    """The limits that a reply with these headers states."""
    return read_limits(Head(200, headers), NOW)


def test_openai_azure_and_groq_state_requests_and_tokens() -> None:
    """Limits, what is left, and durations such as 1s and 6m0s (wire/providers §3)."""
    headers = (
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("X-RateLimit-Remaining-Requests", "59"),
        ("x-ratelimit-remaining-tokens", "149984"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    )

    found = told(*headers)

    assert found == (Told("requests", 60, 59, 1.0), Told("tokens", 150_000, 149_984, 360.0))


def test_anthropic_states_moments() -> None:
    """Anthropic's resets are RFC 3339 moments, counted from the reply's own date where it has one."""
    limits = (
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-11-21T12:00:30Z"),
        ("anthropic-ratelimit-output-tokens-remaining", "8000"),
    )

    plain = told(*limits)
    dated = told(("date", "Sat, 21 Nov 2026 12:00:20 GMT"), *limits)

    assert plain == (Told("requests", 50, 0, 30.0), Told("output-tokens", None, 8000))
    assert dated[0].reset_s == 10.0


@pytest.mark.parametrize(
    ("reset", "seconds"), [("12", 12.0), (str(int(NOW) + 7), 7.0), (str(int(NOW * 1000) + 2500), 2.5)]
)
def test_together_and_openrouter_state_one_window(reset: str, seconds: float) -> None:
    """Plain headers are of requests, and nothing comes back before their reset: seconds, or a moment in s or ms."""
    found = told(("X-RateLimit-Limit", "20"), ("X-RateLimit-Remaining", "3"), ("X-RateLimit-Reset", reset))

    assert [(one.what, one.limit, one.remaining, one.refills) for one in found] == [("requests", 20, 3, False)]
    assert found[0].reset_s == pytest.approx(seconds, abs=1e-3)


def test_cerebras_names_the_stretch_of_time() -> None:
    """A limit of the day and one of the minute are two limits."""
    found = told(
        ("x-ratelimit-remaining-requests-day", "14399"),
        ("x-ratelimit-reset-requests-day", "33011.38"),
        ("x-ratelimit-remaining-tokens-minute", "59000"),
    )

    assert [(one.what, one.per, one.remaining) for one in found] == [
        ("requests", "day", 14_399),
        ("tokens", "minute", 59_000),
    ]


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "many", "", "1e999", "0x10", "٣"])
def test_nonsense_is_left_out(text: str) -> None:
    """A negative, missing or wordy number says nothing (F14)."""
    found = told(("x-ratelimit-remaining-requests", text), ("x-ratelimit-limit-requests", text))

    assert found == ()


NAMES = st.sampled_from(
    [
        *(f"x-ratelimit-{part}-{what}" for part in ("limit", "remaining", "reset") for what in ("requests", "tokens")),
        *(f"anthropic-ratelimit-tokens-{part}" for part in ("limit", "remaining", "reset")),
        *(f"x-ratelimit-{part}" for part in ("limit", "remaining", "reset")),
        "date",
    ]
)


@given(st.lists(st.tuples(NAMES, st.text(max_size=80) | st.floats().map(str) | st.integers().map(str)), max_size=12))
def test_whatever_a_provider_writes_is_read_to_something_sensible(headers: list[tuple[str, str]]) -> None:
    """Any bytes in these headers give limits that are finite and not negative, and no more left than there is."""
    for one in told(*headers):
        for value in (one.limit, one.remaining, one.reset_s):
            assert value is None or (math.isfinite(value) and value >= 0)
        assert one.limit is None or one.remaining is None or one.remaining <= one.limit


@given(st.integers(0, 48), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_durations_are_read_as_go_writes_them(hours: int, minutes: int, seconds: int, millis: int) -> None:
    """What Go's own time.Duration prints is read back."""
    text = f"{hours}h{minutes}m{seconds}.{millis:03}s"

    assert read_reset(text, NOW) == pytest.approx(hours * 3600 + minutes * 60 + seconds + millis / 1000)


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        (
            "You have reached your API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
            820_800,
        ),
        ("Quota resets at 2026-11-21T18:30:00Z", 23_400),
        ("Your credits renew on December 1st, 2026", 820_800),
        ("Monthly limit of 2026-10 reached; available again 2026-11-22", 43_200),
    ],
)
def test_a_spent_quota_may_name_its_date(words: str, seconds: float) -> None:
    """402 and its like rest a key until the date that the provider's words name."""
    assert back_in(words, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "words",
    [
        "Insufficient balance",
        "You regained access on 2026-11-20 at 00:00 UTC.",
        "Model claude-2026-12-01 needs credit",
        "Available again on 2031-01-01",
        "until 2026-13-45",
    ],
)
def test_words_without_a_date_to_come_name_none(words: str) -> None:
    """Dates of the past, of another matter or of no calendar are not believed."""
    assert back_in(words, NOW) is None


@given(st.text(), st.dates().map(str))
def test_any_words_are_survived(words: str, date: str) -> None:
    """Whatever a provider says, what comes out is a moment to come, not too far away."""
    found = back_in(f"{words} until {date} {words}", NOW)

    assert found is None or 0 < found <= LONGEST_S
