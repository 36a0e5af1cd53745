"""A machine that slept: what keys wait for goes by the calendar, not by the hours that the machine was awake (F56)."""

from __future__ import annotations

from time import monotonic

import pytest

from hearth.outbound.keys.pool import Keys
from hearth.outbound.keys.rate_limits import Told
from hearth.outbound.keys.room import Limits, Room
from hearth.problems import QuotaSpent, RateLimited
from hearth_config.secrets import Secret
from outbound.keys.test_key_choice import Held, next_of

NIGHT_S = 8 * 3600.0


@pytest.mark.parametrize(
    "problem",
    [
        RateLimited("slow down", who="box", retry_after=3600.0),
        RateLimited("Rate limit reached for m in organization x.", who="box", retry_after=3600.0),
        QuotaSpent("pay", who="box", retry_after=7 * 3600.0),
    ],
    ids=["the key's limit", "the model's limit", "a quota"],
)
def test_a_rest_that_ended_in_the_night_is_over_in_the_morning(problem: RateLimited | QuotaSpent) -> None:
    """F56: a key that was to come back at midnight serves at once when the lid is opened."""
    keys, held = Keys(Secret), Held("a", "b")
    keys.rest("box", "a", problem, "m")
    before = [next_of(keys, held) for _ in range(2)]

    keys.slept(NIGHT_S)

    assert before == ["b", "b"]
    assert "a" in {next_of(keys, held) for _ in range(3)}


def test_a_rest_goes_on_where_the_night_was_shorter() -> None:
    """What is left of it is still waited for."""
    keys, held = Keys(Secret), Held("a", "b")
    keys.rest("box", "a", QuotaSpent("pay", who="box", retry_after=2 * NIGHT_S), "m")

    keys.slept(NIGHT_S)

    assert [next_of(keys, held) for _ in range(3)] == ["b"] * 3
    assert keys.views(held.settings)[0].rests_s == pytest.approx(NIGHT_S, abs=5)


def test_counts_and_told_limits_grow_old_as_well() -> None:
    """The minute that was used up is long over, the day is not; a provider's reset has come."""
    room, now = Room(), monotonic()
    limits = Limits((("requests", "minute", 1), ("requests", "day", 5)))
    lease = room.take(limits, 10.0, now)
    room.correct([Told("requests", 10, 0, 3600.0, refills=False, by_model=False)], lease, now)
    before = [room.wait_s(limits, 10.0, now), room.told_wait_s(10.0, now)]

    room.slept(NIGHT_S)

    assert before == [pytest.approx(60, abs=2.1), pytest.approx(3600, abs=1)]
    assert [room.wait_s(limits, 10.0, now), room.told_wait_s(10.0, now)] == [0, 0]
    assert room.bounds(limits)[1][2].left(5, now) == 4
