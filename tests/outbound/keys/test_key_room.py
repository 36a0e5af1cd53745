"""How much a key may still be used: windows of our own counts, and what providers told of theirs."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hearth.outbound.keys.rate_limits import Told
from hearth.outbound.keys.room import Limits, Room, Window
from hearth.outbound.keys.told import Bucket

STEPS = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 30), st.integers(0, 30)), max_size=60)
"""Each a pause in seconds, what is set aside, and what is really used."""


@given(STEPS, st.integers(1, 50))
def test_no_stretch_of_a_minute_holds_more_than_the_limit(steps: list[tuple[float, int, int]], limit: int) -> None:
    """What is taken only when there is room never adds up to more, wherever the minute is laid."""
    window, now, taken = Window(60.0), 1000.0, list[tuple[float, int]]()

    for pause, amount, _ in steps:
        now += pause
        if amount <= limit and window.wait_s(amount, limit, now) == 0:
            window.add(amount, now)
            taken.append((now, amount))

    for end, _ in taken:
        assert sum(amount for at, amount in taken if end - 60.0 <= at <= end) <= limit


@given(STEPS, st.integers(1, 50), st.integers(1, 50))
def test_the_wait_is_true(steps: list[tuple[float, int, int]], limit: int, need: int) -> None:
    """After the seconds that it names there is room, if nobody takes it meanwhile."""
    window, now = Window(60.0), 1000.0
    for pause, amount, _ in steps:
        now += pause
        window.add(amount, now)

    wait = window.wait_s(need, limit, now)

    assert 0 <= wait <= 62.001
    assert window.wait_s(need, limit, now + wait + 1e-6) == 0


@given(STEPS)
def test_what_is_set_aside_gives_way_to_what_was_used(steps: list[tuple[float, int, int]]) -> None:
    """Counts are never negative, and once all is settled within the minute they are what was used."""
    room, now = Room(), 1000.0
    limits = Limits((("tokens", "minute", 10**6),))
    leases = []
    for pause, aside, _ in steps:
        now += pause / 100
        leases.append(room.take(limits, aside, now))

    for lease, (_, _, used) in zip(leases, steps, strict=True):
        room.settle(lease, used, now)

    counts = room.bounds(limits)[0][2]
    assert counts.used == sum(used for _, _, used in steps)
    assert counts.left(10**6, now + 100) == 10**6


def test_what_was_never_sent_is_given_back() -> None:
    """A request that could not be sent has used nothing."""
    room, limits = Room(), Limits((("requests", "minute", 1), ("tokens", "day", 100)))

    lease = room.take(limits, 100, 5.0)
    full = room.wait_s(limits, 1, 5.0)
    room.settle(lease, 0, 5.0, requests=0)

    assert full > 60
    assert room.wait_s(limits, 100, 5.0) == 0


def test_a_request_larger_than_the_limit_waits_for_all_of_it() -> None:
    """It is let through alone, rather than never."""
    room, limits = Room(), Limits((("tokens", "minute", 100),))
    first = room.wait_s(limits, 500, 5.0)
    room.take(limits, 10, 5.0)

    later = room.wait_s(limits, 500, 6.0)

    assert first == 0
    assert 59 < later < 62


def test_what_an_earlier_run_used_still_counts() -> None:
    """A restart does not make a new day."""
    room, limits = Room(), Limits((("requests", "day", 10),))
    room.take(limits, 0, 10_000.0)

    room.recall(9, 500, -40_000.0, 10_000.0)

    assert room.wait_s(limits, 0, 10_000.0) == pytest.approx(86_400 - 50_000, abs=3000)
    assert room.wait_s(limits, 0, 10_000.0 + 86_400 - 50_000 + 3000) == 0


def test_a_bucket_fills_until_its_reset() -> None:
    """A limit that refills is halfway there at half its time; one that does not comes back at once."""
    filling, waiting = Told("requests", 60, 0, 60.0), Told("requests", 60, 0, 60.0, refills=False)

    levels = [(Bucket(filling, 0.0).left(at), Bucket(waiting, 0.0).left(at)) for at in (0.0, 30.0, 59.0, 60.0)]

    assert levels == [(0, 0), (30, 0), (59, 0), (60, 60)]


def test_what_was_sent_since_counts_against_what_was_told() -> None:
    """A reply knows nothing of the requests that were sent after its own."""
    room, limits = Room(), Limits()
    first = room.take(limits, 10, 0.0)
    room.take(limits, 10, 0.1)
    room.take(limits, 10, 0.2)

    room.correct([Told("requests", 5, 2, 60.0, refills=False), Told("tokens", 100, 90, 60.0)], first, 0.3)

    assert room.told["requests", ""].left(0.3) == 0
    assert room.told["tokens", ""].left(0.3) == 70
    assert room.told_wait_s(5, 0.3) == 60


def test_what_is_used_after_a_reset_counts_too() -> None:
    """A limit that is whole again is used up again, though its provider has said no more."""
    filling, waiting = (
        Bucket(Told("requests", 10, 0, 10.0), 0.0),
        Bucket(Told("requests", 10, 0, 10.0, refills=False), 0.0),
    )

    for bucket in (filling, waiting):
        bucket.take(8, 11.0)

    assert (filling.left(11.0), filling.left(12.0)) == (2, 3)
    assert (waiting.left(11.0), waiting.left(12.0)) == (2, 2)
    assert waiting.wait_s(5, 12.0) == 48
    assert waiting.left(61.0) == 10


@example(limit=2.0, remaining=0.0, reset=1.1125369292536007e-308, refills=True, uses=[(0.0, 0.0)])
@given(
    st.floats(0, 1000),
    st.floats(0, 1000),
    st.floats(0, 1e6) | st.none(),
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 50)), max_size=20),
)
def test_a_bucket_stays_between_nothing_and_its_limit(
    limit: float, remaining: float, reset: float | None, refills: bool, uses: list[tuple[float, float]]
) -> None:
    """However it is used, what is left is neither negative nor more than the limit, and its waits end."""
    told = Told("tokens", limit, min(remaining, limit), reset, refills)
    bucket, now = Bucket(told, 0.0), 0.0

    for pause, amount in uses:
        now += pause
        wait = bucket.wait_s(amount, now)
        assert 0 <= bucket.left(now) <= limit
        assert 0 <= wait <= max(reset or 60.0, 60.0)
        bucket.take(amount, now)
