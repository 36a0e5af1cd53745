"""What is believed of a prompt that is read for nobody."""

from hypothesis import given
from hypothesis import strategies as st

from hearth.outbound.lane_values import Lesson
from hearth.outbound.residents import Residents
from hearth.outbound.unread import LONGEST_S, Unread
from hearth.routing.expected import Learned, reading_s

SECONDS = st.floats(0, 10_000)
TOKENS = st.integers(0, 1_000_000)


def _knows(tokens: int, seconds: float) -> Learned:
    return Learned().saw_first_token(tokens, seconds, 0.0)


def test_a_prompt_of_unknown_length_is_judged_by_shorter_ones() -> None:
    """Four times the tokens take four times as long; where nothing was seen, nothing is said."""
    learned = _knows(1000, 2.0)

    assert reading_s(learned, 900) == 2.0
    assert reading_s(learned, 4096 - 1) > 7.0
    assert reading_s(learned, 10) == 0.0


@given(TOKENS, SECONDS, TOKENS, SECONDS)
def test_no_guess_is_negative_or_without_end(tokens: int, took: float, asked: int, ago: float) -> None:
    """Whatever was learned, the rest is between nothing and the longest that is believed."""
    engine = Residents()
    engine.reads_on = True
    unread = Unread(engine)

    unread.left(_knows(tokens, took), asked, sent_at=-ago)

    assert 0.0 <= unread.rest(0.0) <= LONGEST_S


@given(SECONDS, SECONDS, SECONDS, TOKENS)
def test_what_comes_later_never_loses_the_mark_to_an_older_call(first: float, call: float, now: float, n: int) -> None:
    """A lesson is handed on whole, or without its times where those were the other prompt's."""
    unread = Unread(Residents())
    lesson = Lesson(prompt_tokens=n, first_token_s=first, call_s=max(first, call), stays_until=9.0)

    heard = unread.heard(lesson, Learned(), now)

    assert heard.stays_until == lesson.stays_until
    assert heard.first_token_s in (first, None)
