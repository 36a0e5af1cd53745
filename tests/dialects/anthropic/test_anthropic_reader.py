"""Replies of Messages read record by record, beyond what the recordings hold (wire/providers §4.2, §5.3)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.anthropic.anthropic_golden import BOX, events, frames, json_head, meaning, sse, sse_head
from hearth.dialects.anthropic import CALLED
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)

START: dict[str, Any] = {
    "type": "message_start",
    "message": {"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}},
}
STOP = {"type": "message_stop"}


def begin(index: int, **block: object) -> dict[str, Any]:
    """The start of a block."""
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **said: object) -> dict[str, Any]:
    """More of a block."""
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **said}}


def stop(index: int) -> dict[str, Any]:
    """The end of a block."""
    return {"type": "content_block_stop", "index": index}


def end(reason: str = "end_turn", sequence: str | None = None, **more: object) -> dict[str, Any]:
    """The end of the message, with what it cost."""
    said = {"stop_reason": reason, "stop_sequence": sequence, **more}
    return {"type": "message_delta", "delta": said, "usage": {"output_tokens": 7}}


def told(*records: dict[str, Any]) -> list[Event]:
    """What these records between start and end mean, counts and ends left out."""
    return [event for event in meaning(START, *records, end(), STOP) if not isinstance(event, Usage | Finished | Done)]


def test_thinking_is_sealed_at_the_end_of_its_block() -> None:
    """A signature that comes twice replaces the first; redacted thinking is a seal without text."""
    found = told(
        begin(0, type="thinking", thinking="", signature=""),
        delta(0, "thinking_delta", thinking="hm"),
        delta(0, "signature_delta", signature="no"),
        delta(0, "signature_delta", signature="sig"),
        stop(0),
        begin(1, type="redacted_thinking", data="xyz"),
        stop(1),
    )

    assert found == [
        ThinkingDelta("hm"),
        ThinkingSealed("sig", "anthropic"),
        ThinkingSealed("redacted:xyz", "anthropic"),
    ]


def test_calls_come_in_pieces() -> None:
    """Fragments are joined by index; a call without any has the arguments `{}`, or those of its start."""
    found = told(
        begin(0, type="tool_use", id="a", name="look", input={}),
        delta(0, "input_json_delta", partial_json=""),
        delta(0, "input_json_delta", partial_json='{"city":'),
        delta(0, "input_json_delta", partial_json='"Paris"}'),
        stop(0),
        begin(1, type="tool_use", id="b", name="now", input={}),
        delta(1, "input_json_delta", partial_json=""),
        stop(1),
        begin(2, type="tool_use", id="c", name="look", input={"city": "Rome"}),
        stop(2),
    )

    assert found == [
        ToolCallDelta(0, "", "a", "look"),
        ToolCallDelta(0, '{"city":'),
        ToolCallDelta(0, '"Paris"}'),
        ToolCallDelta(1, "", "b", "now"),
        ToolCallDelta(1, "{}", whole=True),
        ToolCallDelta(2, "", "c", "look"),
        ToolCallDelta(2, '{"city": "Rome"}', whole=True),
    ]


def test_what_servers_did_by_themselves_passes_and_means_nothing() -> None:
    """Server tools, their results, and blocks nobody here knows harm no translation and keep their bytes."""
    records = (
        START,
        begin(0, type="server_tool_use", id="s", name="web_search", input={}),
        delta(0, "input_json_delta", partial_json='{"query": "x"}'),
        stop(0),
        begin(1, type="web_search_tool_result", tool_use_id="s", content=[{"type": "web_search_result", "url": "u"}]),
        stop(1),
        begin(2, type="hologram", data={"x": [1]}),
        delta(2, "hologram_delta", light="y"),
        stop(2),
        begin(3, type="text", text=""),
        delta(3, "text_delta", text="Found."),
        stop(3),
        {"type": "weather_report", "data": 1},
        end(),
        STOP,
    )

    assert b"".join(frame.raw for frame in frames(sse_head(), sse(*records))) == sse(*records)
    assert [event for event in meaning(*records) if isinstance(event, TextDelta | ToolCallDelta)] == [
        TextDelta("Found.")
    ]


def test_sources_are_citations() -> None:
    """A page has an address, a document a title."""
    page = {"type": "web_search_result_location", "url": "https://a", "title": "A", "cited_text": "q"}
    paper = {"type": "char_location", "document_title": "P", "cited_text": "r", "document_index": 0}

    found = told(
        begin(0, type="text", text=""),
        delta(0, "text_delta", text="x"),
        delta(0, "citations_delta", citation=page),
        delta(0, "citations_delta", citation=paper),
        stop(0),
    )

    assert found == [TextDelta("x"), Citation("https://a", "A", "q"), Citation("", "P", "r")]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "filter"),
        ("something_new", "unknown"),
    ],
)
def test_each_end_is_known(word: str, reason: FinishReason) -> None:
    """The provider's word is kept beside its meaning."""
    found = meaning(START, end(word, "END" if word == "stop_sequence" else None), STOP)

    assert found[-2] == Finished(reason, word, sequence="END" if word == "stop_sequence" else "")


def test_a_refusal_says_why() -> None:
    """The explanation of a refusal is the last thing said."""
    found = meaning(START, end("refusal", stop_details={"type": "refusal", "explanation": "No."}), STOP)

    assert found[-3:] == [RefusalDelta("No."), Finished("filter", "refusal"), Done()]


def test_a_stop_after_calls_is_their_end() -> None:
    """Some servers say `end_turn` where the model called."""
    found = meaning(START, begin(0, type="tool_use", id="a", name="look"), stop(0), end("end_turn"), STOP)

    assert found[-2] == Finished("tool_calls", "end_turn")


def test_counts_are_added_up() -> None:
    """The parts of the input stand beside each other; later records overwrite what they name, and keep the rest."""
    start = {
        **START,
        "message": {
            "usage": {
                "input_tokens": 5,
                "cache_read_input_tokens": 60,
                "cache_creation_input_tokens": 10,
                "output_tokens": 1,
            }
        },
    }
    last = {**end(), "usage": {"output_tokens": 7, "output_tokens_details": {"thinking_tokens": 3}}}

    found = [event for event in meaning(start, last, STOP) if isinstance(event, Usage)]

    assert found[0] == Usage(input=75, cached=60, cache_write=10)
    assert found[1] == Usage(input=75, output=7, cached=60, cache_write=10, reasoning=3)


def test_zeros_of_those_who_do_not_know_are_no_counts() -> None:
    """A start that says 0 says nothing; the true counts come at the end."""
    start = {**START, "message": {"usage": {"input_tokens": 0, "output_tokens": 0}}}
    last = {**end(), "usage": {"input_tokens": 9, "output_tokens": 2}}

    assert [event for event in meaning(start, last, STOP) if isinstance(event, Usage)] == [Usage(9, 2, None, None)]


def test_pings_and_comments_pass() -> None:
    """Signs of life mean nothing and are sent on."""
    stream = b": wait\n\n" + sse({"type": "ping"}, START, {"type": "ping"}, end(), STOP)

    found = events(sse_head(), stream)

    assert found[-1] == Done()
    assert b"".join(frame.raw for frame in frames(sse_head(), stream)) == stream


def test_a_whole_message_has_all_its_blocks() -> None:
    """Thinking, redacted thinking, text with sources, calls and unknown blocks of a whole reply."""
    message = {
        "type": "message",
        "id": "msg_1",
        "model": "m",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig"},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "code_execution_tool_result", "content": {"stdout": "x"}},
            {"type": "text", "text": "x", "citations": [{"type": "page_location", "document_title": "P"}]},
            {"type": "tool_use", "id": "a", "name": "look", "input": {"city": "Paris"}},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }

    found = events(json_head(), json.dumps(message).encode())

    assert found == [
        Started("msg_1", "m"),
        ThinkingDelta("hm"),
        ThinkingSealed("sig", "anthropic"),
        ThinkingSealed("redacted:xyz", "anthropic"),
        TextDelta("x"),
        Citation("", "P", ""),
        ToolCallDelta(0, "", "a", "look"),
        ToolCallDelta(0, '{"city": "Paris"}', whole=True),
        Usage(3, 4),
        Finished("tool_calls", "tool_use"),
        Done(),
    ]


def test_a_stream_under_another_name_is_still_one() -> None:
    """What arrives counts, not what the head calls it."""
    reader = CALLED.reader("chat", None, BOX, json_head())

    found = [event for frame in reader.feed(sse(START, end(), STOP)) for event in frame.events]

    assert (reader.whole, reader.finished, found[-1]) == (False, True, Done())


_VALUES = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4), st.lists, max_leaves=3)
_RECORDS = st.fixed_dictionaries(
    {"type": st.sampled_from(("message_start", "content_block_start", "content_block_delta", "message_delta", "x"))},
    optional={
        "index": st.integers(0, 2),
        "delta": st.dictionaries(st.sampled_from(("type", "text", "partial_json", "signature")), st.text(max_size=3)),
        "content_block": st.dictionaries(st.sampled_from(("type", "text", "id", "name", "input")), _VALUES),
        "usage": st.dictionaries(st.sampled_from(("input_tokens", "output_tokens")), st.integers(0, 9)),
    },
)


@given(st.lists(_RECORDS, max_size=8))
def test_no_records_make_the_reader_fail(records: list[dict[str, Any]]) -> None:
    """Records out of order, of wrong types or with parts missing are read as far as they mean something."""
    found = events(sse_head(), sse(*records))

    assert isinstance(found[-1], Failed)
    indices = [event.index for event in found if isinstance(event, ToolCallDelta)]
    assert indices == sorted(indices) or set(indices) == set(range(len(set(indices))))
