"""What the rehearsal says is deterministic, obeys limits and stop sequences, and is counted."""

import json
from itertools import accumulate

from hypothesis import example, given
from hypothesis import strategies as st

from hearth.rehearsal.content import Answer, Ask, answer_to, count_tokens, split_tokens
from hearth.rehearsal.golang import go_json, timestamp
from hearth.rehearsal.speech import Speech

WORDS = st.text("ab c", min_size=1, max_size=4)


def said(speech: Speech) -> str:
    return "".join(words for _, words in speech.parts())


def before_a_stop(tokens: list[str], stops: list[str]) -> str:
    """What an engine says that looks for stop sequences after each token: no later one makes an earlier one matter."""
    texts = list(accumulate(tokens))
    met = next((text for text in texts if any(stop in text for stop in stops)), None)
    if met is None:
        return texts[-1] if texts else ""
    return met[: min(met.find(stop) for stop in stops if stop in met)]


@given(st.lists(WORDS, max_size=12), st.lists(WORDS, max_size=3))
@example(["ac", "a"], ["c", "aca"])
def test_the_text_ends_before_the_first_stop_sequence(tokens: list[str], stops: list[str]) -> None:
    """However the tokens cut a stop sequence, nothing of it is said and all before it is."""
    spoken = said(Speech(Answer(text=tuple(tokens)), limit=-1, ceiling=1000, stops=tuple(stops)))

    assert spoken == before_a_stop(tokens, stops)


@given(st.integers(0, 40))
def test_a_limit_ends_even_what_has_no_end(limit: int) -> None:
    """Counting for ever stops at the limit, and says why."""
    speech = Speech(answer_to(Ask(prompt="Please count.")), limit=limit, ceiling=1000)

    spoken = said(speech)

    assert len(spoken.split()) == limit
    assert (speech.reason, speech.count) == ("length", limit)


def test_repeating_one_token_is_aborted_without_a_reason() -> None:
    """More than thirty equal tokens end a generation silently (recording chat-repeat-abort-templated)."""
    speech = Speech(answer_to(Ask(prompt="Say it again.")), limit=80, ceiling=1000, aborts=True)

    assert said(speech).count("again") == 31
    assert speech.reason == ""


@given(st.text())
def test_a_text_is_split_without_loss(text: str) -> None:
    """The pieces of a scripted sentence make up the sentence."""
    assert "".join(split_tokens(text)) == text
    assert count_tokens(text) == count_tokens(text)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), lambda inner: st.lists(inner)
                    | st.dictionaries(st.text(), inner), max_leaves=8))  # fmt: skip
def test_go_json_is_json_with_gos_escapes(value: object) -> None:
    """It reads back to the same value and holds none of the characters that Go escapes."""
    data = go_json(value)

    assert json.loads(data) == value
    assert not any(raw in data for raw in (b"<", b">", b"&", "\u2028".encode(), "\u2029".encode()))


def test_times_are_written_as_go_writes_them() -> None:
    """Up to nine digits, trailing zeros trimmed, no fraction for a whole second."""
    assert timestamp(1_795_250_431_077_778_941) == "2026-11-21T08:40:31.077778941Z"
    assert timestamp(1_795_250_431_066_000_000) == "2026-11-21T08:40:31.066Z"
    assert timestamp(1_795_250_431_000_000_000) == "2026-11-21T08:40:31Z"


def test_anything_else_is_answered_by_saying_that_no_model_is_there() -> None:
    """Nobody takes the rehearsal for a model."""
    spoken = said(Speech(answer_to(Ask(prompt="Write me a poem")), limit=-1, ceiling=1000))

    assert "rehearsal" in spoken
    assert "not a model" in spoken
