"""Replies of Messages that go wrong: errors in streams, pages, junk; never an exception, never a finished reply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.anthropic.anthropic_golden import events, frames, json_head, sse, sse_head
from hearth.events import (
    Done,
    Failed,
)
from hearth.problems import BrokenReply, ContextTooLong, Overloaded, ProviderFault

START: dict[str, Any] = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}},
}
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}
STOP = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, Overloaded),
        ({"type": "error", "error": {"type": "api_error", "message": "prompt is too long: 9 > 8"}}, ContextTooLong),
        ({"type": "error", "error": "out of memory"}, ProviderFault),
        ({"type": "error"}, ProviderFault),
    ],
)
def test_an_error_in_a_stream_is_its_problem(record: dict[str, Any], kind: type[Exception]) -> None:
    """F6: the error ends the reply, and what comes after it means nothing."""
    found = events(sse_head(), sse(START, record, END, STOP))

    assert isinstance(found[-1], Failed)
    assert type(found[-1].problem) is kind
    assert sum(isinstance(event, Failed | Done) for event in found) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", BrokenReply),
        (b"<html>Sign in</html>", BrokenReply),
        (b'{"type": "message"}', BrokenReply),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"x"}}', Overloaded),
        (b'{"content": 7}', BrokenReply),
        (b"[]", BrokenReply),
    ],
)
def test_what_is_no_message_is_broken(body: bytes, kind: type[Exception]) -> None:
    """F7: a page, nothing, or JSON of another shape is named for what it is; its bytes pass."""
    found = frames(json_head(), body)

    last = found[-1].events[-1]
    assert isinstance(last, Failed)
    assert type(last.problem) is kind
    assert b"".join(frame.raw for frame in found) == body


def test_a_record_that_is_no_json_is_broken() -> None:
    """A stream that goes wrong in the middle ends there."""
    found = events(sse_head(), sse(START) + b"event: content_block_delta\ndata: {nonsense\n\n" + sse(END, STOP))

    assert isinstance(found[-1], Failed)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_make_the_reader_fail(body: bytes, place: int) -> None:
    """F9: whatever comes, in whatever pieces, is frames whose raws are those bytes, and never an exception."""
    for head in (sse_head(), json_head()):
        found = frames(head, body[:place], body[place:])

        assert b"".join(frame.raw for frame in found) == body
        assert not any(isinstance(event, Done) for frame in found for event in frame.events)
