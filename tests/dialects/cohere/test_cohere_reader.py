"""Replies of Cohere are read to their meaning, in any pieces, and a cut one never looks finished."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.cohere.cohere_examples import (
    CALLS,
    EMBEDDED,
    END,
    JSON,
    SSE,
    START,
    TALK,
    TO,
    USAGE,
    WHOLE,
    content,
    event,
    frames,
    meaning,
)
from hearth.dialects.cohere import CALLED
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, ContextTooLong, Problem, ProviderFault, TimedOut

COUNTS = Usage(input=71, output=8, cached=64)


def test_a_stream_of_thinking_text_and_sources() -> None:
    """Each event has its meaning; the counts are those of the tokens, not of the bill."""
    assert meaning(TALK) == [
        Started("m-1"),
        ThinkingDelta("Hm, 日本"),
        TextDelta("Grüße "),
        Citation("https://example.com", "T", "words"),
        TextDelta("🙂"),
        Finished("stop", "COMPLETE"),
        COUNTS,
        Done(),
    ]


def test_a_stream_of_calls() -> None:
    """The plan is thinking, a spelled name is unspelled, and a call without arguments gets an empty object."""
    assert meaning(CALLS) == [
        Started("m-1"),
        ThinkingDelta("I look."),
        ToolCallDelta(0, "", "get__x2d__weather_1", "get-weather"),
        ToolCallDelta(0, '{"city":'),
        ToolCallDelta(0, '"Paris"}'),
        ToolCallDelta(1, "", "now_2", "now"),
        ToolCallDelta(1, "{}", whole=True),
        Finished("tool_calls", "TOOL_CALL"),
        COUNTS,
        Done(),
    ]


def test_a_whole_reply() -> None:
    """One frame holds it all, whatever its head says."""
    for head in (JSON, SSE):
        assert meaning(WHOLE, head=head) == [
            Started("m-1"),
            ThinkingDelta("Hm, 日本"),
            TextDelta("Grüße 🙂"),
            Finished("stop", "COMPLETE"),
            COUNTS,
            Done(),
        ]


def test_vectors_and_what_they_cost() -> None:
    """Floats in order; the bill is the only count there is."""
    assert meaning(EMBEDDED, head=JSON, operation="embed") == [
        Started("e-1"),
        Vectors(((0.5, -0.5), (1.0, 0.0))),
        Usage(input=2, output=0),
        Done(),
    ]


@pytest.mark.parametrize("stream", [TALK, CALLS, WHOLE])
def test_pieces_change_nothing(stream: bytes) -> None:
    """Split at every byte, the events are the same, and the raws joined are the bytes."""
    expected = meaning(stream)

    for at in range(1, len(stream)):
        found = frames(stream[:at], stream[at:])
        assert [one for frame in found for one in frame.events] == expected
        assert b"".join(frame.raw for frame in found) == stream


@pytest.mark.parametrize("stream", [TALK, CALLS, WHOLE])
def test_a_cut_reply_is_never_a_finished_one(stream: bytes) -> None:
    """F6: cut at every byte but the last empty line, it ends in a failure."""
    for at in range(len(stream) - 2):
        reader = CALLED.reader("chat", None, TO, SSE)
        said = [one for frame in (*reader.feed(stream[:at]), *reader.close()) for one in frame.events]

        assert not reader.finished
        assert isinstance(said[-1], Failed)
        assert isinstance(said[-1].problem, BrokenReply)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (event("message-end", delta={"finish_reason": "ERROR", "error": "boom"}), ProviderFault),
        (event("message-end", delta={"finish_reason": "TIMEOUT"}), TimedOut),
        (b'data: {"message": "too many tokens: the prompt is too long"}\n\n', ContextTooLong),
        (b'data: {"id": "x", "message": "internal"}\n\n', ProviderFault),
        (b"data: <html>\n\n", BrokenReply),
        (b'data: {"type": "content-delta", "delta": 7}\n\n', BrokenReply),
    ],
)
def test_an_error_in_a_stream_is_a_failure_of_its_kind(last: bytes, kind: type[Problem]) -> None:
    """F8: whatever follows it, nothing is finished; its bytes still pass."""
    stream = START + last + END

    found = frames(stream)

    said = [one for frame in found for one in frame.events]
    assert type(said[-1]) is Failed
    assert type(said[-1].problem) is kind
    assert b"".join(frame.raw for frame in found) == stream


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[]", b'{"id": "x"}', b"nonsense", b'{"message": "no"}'])
def test_a_body_that_is_no_answer_is_a_failure(body: bytes) -> None:
    """F7: a portal's page, an empty body, an error of status 200."""
    said = meaning(body, head=JSON)

    assert isinstance(said[-1], Failed)


def test_newer_events_and_end_marks_of_gateways_mean_nothing() -> None:
    """What is not known is passed over, and [DONE] too."""
    stream = START + event("weather-report", delta={"message": {"sun": True}}) + b": hi\n\n" + END + b"data: [DONE]\n\n"

    said = meaning(stream)

    assert said == [Started("m-1"), Finished("stop", "COMPLETE"), COUNTS, Done()]


@pytest.mark.parametrize(
    ("word", "reason"),
    [("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("TOOL_CALL", "tool_calls"), ("SOMETHING_NEW", "unknown")],
)
def test_reasons_of_the_end(word: str, reason: FinishReason) -> None:
    """Cohere's words to ours; a newer one is unknown (wire/providers §2)."""
    stream = START + event("message-end", delta={"finish_reason": word})

    assert Finished(reason, word) in meaning(stream)


def test_counts_that_are_not_there_are_unknown() -> None:
    """The bill stands in for the tokens, and nothing for both."""
    bill = {"billed_units": USAGE["billed_units"]}

    billed = meaning(START + event("message-end", delta={"finish_reason": "COMPLETE", "usage": bill}))
    silent = meaning(START + event("message-end", delta={"finish_reason": "COMPLETE", "usage": {}}))

    assert Usage(input=3, output=5) in billed
    assert not [one for one in silent if isinstance(one, Usage)]


@given(
    st.lists(st.binary(max_size=40) | st.sampled_from([START, END, TALK[:300], b"\n\n", b"data: {}\n\n"]), max_size=8)
)
def test_no_bytes_raise(pieces: list[bytes]) -> None:
    """Whatever comes, the raws are the bytes, and only a failure or an end is the last word."""
    found = frames(*pieces)

    said: list[Event] = [one for frame in found for one in frame.events]
    assert b"".join(frame.raw for frame in found) == b"".join(pieces)
    assert isinstance(said[-1], Failed | Done)


_JSON: Any = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["type", "delta", "message", "content", "tool_calls", "function", "arguments", "usage", "tokens", "index"]
    ), inner, max_size=4)), max_leaves=12)  # fmt: skip


@given(_JSON)
def test_no_json_raises(value: Any) -> None:  # noqa: ANN401 -- JSON
    """Nor does JSON of any shape, in a stream or whole."""
    data = json.dumps(value).encode()

    meaning(START + b"data: " + data + b"\n\n")
    meaning(data, head=JSON)
    meaning(data, head=JSON, operation="embed")


def test_a_delta_without_its_start_is_still_text() -> None:
    """Gateways leave starts out."""
    assert meaning(event("content-delta", index=0, delta=content(text="a")) + END)[0] == TextDelta("a")
