"""An answer comes off the shelf as it was put there, and what is no whole answer is never put there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.cache_values import answers
from hearth.cache.answer import Answer, is_whole, pack, unpack
from hearth.events import Done, Event, Failed, Finished, Frame, TextDelta, ThinkingSealed, ToolCallDelta
from hearth.problems import BrokenReply


@given(answers)
def test_an_answer_is_read_as_it_was_written(answer: Answer) -> None:
    """Every event and every byte survives."""
    assert unpack(pack(answer)) == answer


@given(st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_told(data: bytes) -> None:
    """A damaged entry is a ValueError and nothing worse."""
    with pytest.raises(ValueError, match="no answer"):
        unpack(data)


@given(answers, st.integers(0, 400))
def test_a_cut_answer_is_told(answer: Answer, length: int) -> None:
    """No part of an answer is taken for the whole."""
    packed = pack(answer)
    cut = packed[: min(length, len(packed) - 1)]

    with pytest.raises(ValueError, match="no answer"):
        unpack(cut)


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        (Finished("stop"), True),
        (Finished("length"), True),
        (Finished("tool_calls"), True),
        (Finished("filter"), False),
        (Finished("unknown"), False),
        (Failed(BrokenReply("cut", who="far")), False),
        (ThinkingSealed("sealed", "anthropic"), False),
        (ToolCallDelta(0, "{}", opaque="sealed", producer="gemini"), False),
        (ToolCallDelta(0, "{}"), True),
    ],
)
def test_only_whole_answers_are_kept(event: Event, kept: bool) -> None:
    """Failures, filtered answers and what a provider sealed for one conversation are never given to another."""
    assert is_whole([Frame(b"", (TextDelta("Hi"),)), Frame(b"", (event, Done()))]) is kept
