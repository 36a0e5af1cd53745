"""How fast a key is used whose limits nobody tells: less at once after each limit, more after each answer."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.keys.pace import FIRST_REST_S, LONGEST_REST_S, REMEMBERED_S, Pace


def test_the_first_limit_only_rests() -> None:
    """Nobody knows yet how much is too much."""
    pace = Pace()

    rest = pace.met(0.0, 30, None, 1.0)

    assert rest == FIRST_REST_S
    assert pace.most == inf
    assert pace.helps


def test_a_limit_met_right_after_a_rest_halves_what_is_under_way() -> None:
    """Those that were sent before the rest was over tell nothing new; the first one sent after it does."""
    pace = Pace()
    pace.met(0.0, 30, 1.0, 1.0)

    pace.met(1.5, 29, 1.0, 1.6)
    before = pace.most
    pace.met(2.7, 19, 1.0, 2.8)
    pace.met(2.7, 18, 1.0, 2.9)

    assert before == inf
    assert pace.most == 10
    assert pace.wait_s(9) == 0
    assert pace.wait_s(10) > 0


def test_what_the_provider_tells_is_never_cut_short() -> None:
    """F14: Retry-After wins over what would be guessed, and a longer one over a shorter."""
    pace = Pace()

    rests = [pace.met(0.0, 0, 7.0, 1.0), pace.met(0.0, 0, 3.0, 2.0), pace.met(0.0, 0, 20.0, 3.0)]

    assert rests == [7.0, 6.0, 20.0]


def test_rests_that_do_not_help_grow() -> None:
    """Each in a row is twice as long, up to a minute; an answer ends the row."""
    pace, now, rests = Pace(), 0.0, list[float]()
    for _ in range(12):
        rests.append(pace.met(now, 0, None, now))
        now += rests[-1]

    hopeless = pace.helps
    pace.passed()

    assert rests[:4] == [0.5, 1.0, 2.0, 4.0]
    assert rests[-1] == LONGEST_REST_S
    assert not hopeless
    assert pace.met(now, 0, None, now) == FIRST_REST_S


def test_a_limit_that_is_met_no_more_is_forgotten() -> None:
    """A minute without it, and the key is used as before."""
    pace = Pace()
    pace.met(0.0, 5, None, 10.0)

    assert not pace.is_over(10.0 + REMEMBERED_S - 1)
    assert pace.is_over(10.0 + REMEMBERED_S)


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 50), st.booleans()), max_size=80))
def test_one_request_may_always_go(steps: list[tuple[float, int, bool]]) -> None:
    """Whatever was met, a key that nobody uses is not held back by its pace, and rests have an end."""
    pace, now = Pace(), 0.0

    for pause, under_way, refused in steps:
        now += pause
        if refused:
            assert pace.met(now, under_way, None, now) <= LONGEST_REST_S
        else:
            pace.passed()
        assert pace.wait_s(0) == 0
