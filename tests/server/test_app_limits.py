"""What an app may ask for in a minute and at once: never more in any span of a minute, and told how long to wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.call import Outline
from hearth.problems import AppLimited
from hearth.server.app_limits import MINUTE_S, Quota, Slip, quotas
from hearth_config.settings import App, Match


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def asking(prompt_tokens: int = 1, max_tokens: int | None = None) -> Outline:
    return Outline("chat", "chat", "m", stream=False, prompt_bytes=4 * prompt_tokens, max_tokens=max_tokens)


def quota(clock: Clock, **limits: int) -> Quota:
    return Quota("zed", App(Match(user_agent="Zed/*"), **limits), clock)  # type: ignore[arg-type]  # all are counts


def refused(one: Quota, outline: Outline) -> AppLimited:
    with pytest.raises(AppLimited) as caught:
        one.enter(outline)
    return caught.value


@given(
    limit=st.integers(1, 6),
    pauses=st.lists(st.floats(0, 40), min_size=1, max_size=40),
)
def test_no_minute_has_more_calls_than_the_limit(limit: int, pauses: list[float]) -> None:
    """Whenever calls come, no 60 seconds hold more than the limit, and a caller that waits as told is let in."""
    clock = Clock()
    one = quota(clock, requests_per_minute=limit)
    let_in: list[float] = []

    for pause in pauses:
        clock.now += pause
        try:
            one.enter(asking()).leave(0)
        except AppLimited as problem:
            clock.now += (problem.retry_after or 0.0) + 1e-6
            one.enter(asking()).leave(0)
        let_in.append(clock.now)

    assert all(sum(at - MINUTE_S < other <= at for other in let_in) <= limit for at in let_in)


@given(
    limit=st.integers(10, 200),
    calls=st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60), st.floats(0, 30)), max_size=30),
)
def test_no_minute_has_more_tokens_than_the_limit(limit: int, calls: list[tuple[int, int, float]]) -> None:
    """Calls that take no more than they said they might never take more tokens in a minute than the limit."""
    clock = Clock()
    one = quota(clock, tokens_per_minute=limit)
    used: list[tuple[float, int]] = []
    under_way: list[tuple[Slip, int]] = []

    for prompt, more, pause in calls:
        clock.now += pause
        try:
            under_way.append((one.enter(asking(prompt, more)), prompt + more))
        except AppLimited:
            while under_way:
                slip, tokens = under_way.pop()
                tokens = min(tokens, limit)
                slip.leave(tokens)
                used.append((clock.now, tokens))

    for at, _ in used:
        assert sum(tokens for other, tokens in used if at - MINUTE_S < other <= at) <= limit


def test_calls_at_once_are_counted_and_given_back() -> None:
    """With two at once allowed the third waits until one has ended."""
    one = quota(Clock(), parallel=2)
    first = one.enter(asking())
    one.enter(asking())

    problem = refused(one, asking())
    first.leave(0)
    one.enter(asking())

    assert (problem.code, problem.http_status, problem.retry_after) == ("parallel", 429, 1.0)
    assert one.view().in_flight == 2
    assert one.view().refused == 1


def test_a_prompt_that_never_fits_is_told_so() -> None:
    """A prompt over the whole minute's tokens is refused without a time to wait: none would do."""
    one = quota(Clock(), tokens_per_minute=100)

    problem = refused(one, asking(101))

    assert problem.retry_after is None
    assert "101 tokens" in problem.message


def test_what_a_call_may_still_say_is_kept_for_it() -> None:
    """`max_tokens` counts while the call is under way, and what it really took counts after it."""
    clock = Clock()
    one = quota(clock, tokens_per_minute=100)
    slip = one.enter(asking(10, 80))
    refused(one, asking(20))

    slip.leave(30)
    one.enter(asking(60)).leave(60)
    wait = refused(one, asking(20)).retry_after

    assert wait == pytest.approx(MINUTE_S)


def test_calls_side_by_side_do_not_run_over_the_limit_together() -> None:
    """An answer whose length nobody bounds is reckoned with 512 tokens; who is refused comes back soon."""
    clock = Clock()
    one = quota(clock, tokens_per_minute=1100)
    slips = [one.enter(asking(5)) for _ in range(3)]

    problem = refused(one, asking(5))
    for slip in slips:
        slip.leave(100)
    one.enter(asking(5))

    assert (problem.code, problem.retry_after) == ("tokens_per_minute", 1.0)
    assert one.view().tokens == 305


def test_a_reload_keeps_what_was_used_and_takes_the_new_limits() -> None:
    """An edit is no way around a limit: what was used stays used."""
    clock = Clock()
    match = Match(user_agent="Zed/*")
    before = {"zed": quota(clock, requests_per_minute=1)}
    before["zed"].enter(asking()).leave(0)

    after = quotas({"zed": App(match, requests_per_minute=2), "free": App(match)}, before)

    assert after is not None
    assert list(after) == ["zed"]
    after["zed"].enter(asking())
    refused(after["zed"], asking())


def test_without_limits_there_is_nothing_to_ask() -> None:
    """Apps that have no limits cost nothing: there are no quotas at all."""
    assert quotas({"free": App(Match(user_agent="Free/*"))}, None) is None
