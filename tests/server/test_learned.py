"""What targets showed lately: shares of good endings, times, calls under way, and all of it after a restart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.lane_values import Lesson
from hearth.routing.expected import HALF_LIFE, Learned
from hearth.server.learned import MOST, SAVE_EVERY_S, LearnedTimes

LESSON = Lesson(prompt_tokens=100, first_token_s=0.5, call_s=2.5, output_tokens=100)


class Clock:
    """Two clocks that a test moves: one that never jumps, one that tells the time of day."""

    def __init__(self, now: float = 1000.0, wall: float = 1.8e9) -> None:
        self.now, self.time = now, wall

    def times(self) -> LearnedTimes:
        return LearnedTimes(clock=lambda: self.now, wall=lambda: self.time)

    def pass_by(self, seconds: float) -> None:
        self.now, self.time = self.now + seconds, self.time + seconds


def success(times: LearnedTimes, name: str, now: float) -> float:
    track = times.get(name)
    return 1.0 if track is None else track.success(now)


def test_endings_become_a_share_that_forgets() -> None:
    """Two bad of four is near a half now, and hardly anything after an hour."""
    clock = Clock()
    times = clock.times()
    for well in (True, False, True, False):
        times.ended("a/m", well=well)

    now = success(times, "a/m", clock.now)
    clock.pass_by(12 * HALF_LIFE)

    assert 0.4 < now < 0.7
    assert success(times, "a/m", clock.now) > 0.99
    assert success(times, "nobody/m", clock.now) == 1.0


def test_a_long_good_past_does_not_hide_an_outage() -> None:
    """After ten thousand good calls, a hundred bad ones show."""
    clock = Clock()
    times = clock.times()
    for _ in range(10_000):
        times.ended("a/m", well=True)
    for _ in range(100):
        times.ended("a/m", well=False)

    assert success(times, "a/m", clock.now) < 0.5


def test_calls_under_way_are_counted() -> None:
    """An end without a beginning, from before a target was forgotten, does no harm."""
    times = Clock().times()
    times.began("a/m")
    times.began("a/m")
    times.left("a/m")
    times.left("b/m")

    track = times.get("a/m")

    assert track is not None
    assert track.in_flight == 1
    assert times.get("b/m") is None


def test_lessons_close_together_are_asked_for_once() -> None:
    """A busy target is learned from twenty times a second at the most."""
    clock, asked = Clock(), []
    times = clock.times()

    def lesson() -> Lesson:
        asked.append(1)
        return LESSON

    for _ in range(10):
        times.learn("a/m", lesson)
    clock.pass_by(1.0)
    times.learn("a/m", lesson)

    assert len(asked) == 2
    assert times.of("a/m").rate.mean == pytest.approx(50.0)


def test_what_was_learned_outlives_a_restart() -> None:
    """The clock that never jumps begins anew: moments are kept by the time of day, and go on decaying meanwhile."""
    before, after = Clock(now=90_000.0), Clock(now=5.0)
    times = before.times()
    times.learn("a/m", lambda: LESSON)
    times.ended("a/m", well=False)
    lane = Learned().saw_load(7.0, before.now)
    rows = times.rows([("ollama/m", lane), ("idle/m", Learned())])
    after.time = before.time + HALF_LIFE

    restored = after.times()
    taken = restored.restore(rows)

    assert sorted(taken) == ["a/m", "ollama/m"]
    assert restored.of("a/m").rate.mean == pytest.approx(50.0)
    assert restored.of("a/m").rate.at == pytest.approx(after.now - HALF_LIFE)
    assert restored.of("ollama/m").load.mean == pytest.approx(7.0)
    assert success(restored, "a/m", after.now) == pytest.approx(1 / 1.5, rel=0.01)


def test_who_was_asked_since_the_start_keeps_what_it_showed() -> None:
    """What is newer wins; rows that nobody can read, or from a clock ahead of ours, are left out."""
    clock = Clock()
    times = clock.times()
    times.learn("a/m", lambda: LESSON)
    rows = times.rows([])
    other = Clock(wall=clock.time + 60.0)
    fresh = other.times()
    fresh.learn("a/m", lambda: Lesson(call_s=1.0, output_tokens=10))

    bad = [("b/m", other.time, "{"), ("c/m", other.time, '{"learned": 3}'), ("d/m", other.time + 9e9, rows[0][2])]
    taken = fresh.restore([*rows, *bad])

    assert taken == []
    assert fresh.of("a/m").rate.mean == pytest.approx(10.0)


def test_who_does_not_fit_beside_whom_outlives_a_restart() -> None:
    """For a week, also of models whose calls have taught nothing; a spoiled row or one of the future costs nothing."""
    before, after = Clock(now=90_000.0), Clock(now=5.0)
    old = before.now - 8 * 86_400.0
    rows = before.times().rows([], [("ollama/a", "ollama/b", before.now - 60.0), ("ollama/a", "ollama/c", old)])
    ahead = [("x/a", before.time, '{"apart": {"x/b": 9e12}}'), ("y/a", before.time, "{")]
    after.time = before.time + 40.0

    found = list(after.times().apart([*rows, *ahead]))

    assert [(one, other) for one, other, _ in found] == [("ollama/a", "ollama/b")]
    assert found[0][2] == pytest.approx(after.now - 100.0)


def test_saving_is_due_once_a_minute() -> None:
    """Asked after each call, so an idle daemon never wakes for it."""
    clock = Clock()
    times = clock.times()

    before = times.ended("a/m", well=True)
    clock.pass_by(SAVE_EVERY_S)
    due = times.ended("a/m", well=True)
    times.rows([])

    assert due
    assert not before
    assert not times.ended("a/m", well=True)


def test_only_so_many_targets_are_known() -> None:
    """Names that callers make up do not fill the memory; one that is answering is kept."""
    times = Clock().times()
    times.began("busy/m")
    for number in range(MOST + 10):
        times.ended(f"made/{number}", well=True)

    assert sum(1 for _ in times) == MOST
    assert times.get("busy/m") is not None


AVERAGES = st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(0, 10_000))


@given(st.lists(AVERAGES, max_size=6), st.floats(0, 1e6))
def test_saving_and_restoring_changes_no_figure(seen: list[tuple[float, float, int]], away: float) -> None:
    """Whatever was learned: means and weights are the same afterwards, and all moments lie as far back as they did."""
    before, after = Clock(), Clock(now=away)
    times = before.times()
    for first, rest, tokens in seen:
        before.pass_by(1.0)
        lesson = Lesson(prompt_tokens=tokens, first_token_s=first, call_s=first + rest, output_tokens=tokens)
        times.learn("a/m", lambda lesson=lesson: lesson)  # type: ignore[misc]  # a default binds what a loop changes
    after.time = before.time

    fresh = after.times()
    fresh.restore(times.rows([]))

    old, new = times.of("a/m"), fresh.of("a/m")
    for one, other in zip((*old.first_token, old.call, old.rate), (*new.first_token, new.call, new.rate), strict=True):
        assert (one.mean, one.weight) == (other.mean, other.weight)
        if one.weight:
            assert before.now - one.at == pytest.approx(after.now - other.at, abs=1e-3)
