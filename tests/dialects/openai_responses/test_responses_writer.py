"""Responses as clients get them: strict in order, number and identity, and read back to what was said."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from openai import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dialects.openai_responses.responses_golden import JSON_HEAD, SSE_HEAD, STAMP, events, kinds, told
from hearth.dialects.body import cut
from hearth.dialects.openai_responses import SERVED
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import ContextTooLong, Overloaded, Problem, ProviderFault, QuotaSpent, RateLimited

SAID = st.text(min_size=1, max_size=6)
OWN = ("plain", "patch")
STREAM: dict[str, Any] = {
    "input": "x",
    "stream": True,
    "tools": [{"type": "function", "name": "plain"}, {"type": "custom", "name": "patch"}],
}
WHOLE = {**STREAM, "stream": False}
ADAPTER: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
PIECES = st.one_of(
    st.builds(TextDelta, SAID),
    st.builds(ThinkingDelta, SAID),
    st.builds(ThinkingSealed, SAID, st.sampled_from(["anthropic", "gemini"])),
    st.builds(RefusalDelta, SAID),
    st.builds(Citation, SAID, SAID),
    st.builds(LogProbs, st.just(Raw(b'[{"token":"a","logprob":-1.0,"bytes":[97],"top_logprobs":[]}]'))),
    st.builds(ToolCallDelta, st.integers(0, 2), SAID),
)


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """A finished reply, its calls numbered as the contract says."""
    said: list[Event] = [Started("id", "m", 1)]
    seen: list[int] = []
    for piece in draw(st.lists(PIECES, max_size=12)):
        if not isinstance(piece, ToolCallDelta):
            said.append(piece)
            continue
        fresh = piece.index not in seen
        seen += [piece.index] if fresh else []
        number = seen.index(piece.index)
        id, name = (f"id{number}", draw(st.sampled_from(OWN))) if fresh else ("", "")
        said.append(ToolCallDelta(number, piece.arguments, id, name))
    reason = draw(st.sampled_from(["stop", "length", "tool_calls", "filter", "unknown"]))
    return [*said, Usage(input=3, output=4, cached=1, reasoning=2), Finished(reason), Done()]  # type: ignore[arg-type]


def stream(said: Sequence[Event], asked: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The wire events of a stream."""
    return told(_bytes(said, asked))


def _bytes(said: Sequence[Event], asked: dict[str, Any] | None = None) -> bytes:
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(asked or STREAM).encode())), STAMP)
    return b"".join(writer.stream([event]) for event in said)


def whole(said: Sequence[Event], asked: dict[str, Any] | None = None) -> dict[str, Any]:
    """A whole response."""
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(asked or WHOLE).encode())), STAMP)
    return dict(json.loads(writer.whole(said)))


@given(replies())
def test_the_events_of_a_stream_keep_their_order(said: list[Event]) -> None:
    """One beginning, numbers without a gap, each item and part opened once and closed once in its place, one end."""
    records = stream(said)

    assert [record["sequence_number"] for record in records] == list(range(len(records)))
    assert [record["type"] for record in records[:2]] == ["response.created", "response.in_progress"]
    ends = [r for r in records if r["type"] in ("response.completed", "response.incomplete", "response.failed")]
    assert ends == [records[-1]]
    _check_items(records)


def _check_items(records: list[dict[str, Any]]) -> None:
    """Follow every item from its opening to its end."""
    open_items: dict[int, str] = {}
    open_parts: set[tuple[int, str, int]] = set()
    done: dict[int, Any] = {}
    for record in records:
        kind, place = record["type"], record.get("output_index", -1)
        if kind == "response.output_item.added":
            assert place == len(open_items) + len(done)
            open_items[place] = record["item"]["id"]
        elif kind == "response.output_item.done":
            assert open_items.pop(place) == record["item"]["id"]
            assert not [part for part in open_parts if part[0] == place]
            done[place] = record["item"]
        elif place >= 0:
            assert open_items[place] == record["item_id"]
            _check_part(record, open_parts)
    assert not open_items
    assert records[-1]["response"]["output"] == [done[place] for place in sorted(done)]


def _check_part(record: dict[str, Any], opened: set[tuple[int, str, int]]) -> None:
    """A delta, a done or an annotation lies inside its part."""
    name = "content_index" if "content_index" in record else "summary_index"
    if name not in record:
        return
    part = (record["output_index"], name, record[name])
    if record["type"].endswith("part.added"):
        assert part not in opened
        opened.add(part)
    elif record["type"].endswith("part.done"):
        opened.remove(part)
    else:
        assert part in opened


@given(replies())
def test_the_sdk_follows_every_stream(said: list[Event]) -> None:
    """Its own state machine takes each event, and its types fit what we write."""
    state: Any = ResponseStreamState(input_tools=omit, text_format=omit)
    records = stream(said)

    for record in records:
        state.handle_event(ADAPTER.validate_python(record))

    Response.model_validate(records[-1]["response"])


@given(replies())
def test_a_stream_and_a_whole_response_say_the_same(said: list[Event]) -> None:
    """The last event shows what a caller without a stream gets."""
    shown = whole(said)

    assert shown == stream(said)[-1]["response"]
    Response.model_validate(shown)


@given(replies())
def test_what_is_written_is_read_back(said: list[Event]) -> None:
    """Streamed and whole, words, thinking, refusals and the names of calls come back."""
    for found in (events(SSE_HEAD, _bytes(said)), events(JSON_HEAD, json.dumps(whole(said)).encode())):
        for kind in (TextDelta, ThinkingDelta, RefusalDelta):
            assert "".join(e.text for e in found if isinstance(e, kind)).replace("\n\n", "") == "".join(
                e.text for e in said if isinstance(e, kind)
            ).replace("\n\n", "")
        names = [e.name for e in said if isinstance(e, ToolCallDelta) and e.name]
        assert [e.name for e in found if isinstance(e, ToolCallDelta) and e.name] == names
        assert found[-1] == Done()


def test_the_events_of_an_answer_come_in_openais_order() -> None:
    """Reasoning, text, a call: the order of wire/providers §5.2, word for word."""
    said: list[Event] = [
        ThinkingDelta("Hm"),
        TextDelta("Yes"),
        ToolCallDelta(0, '{"a":', "call_a", "plain"),
        ToolCallDelta(0, "1}"),
        Usage(input=1, output=2),
        Finished("tool_calls"),
        Done(),
    ]

    assert kinds(stream(said)) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]


def test_a_freeform_call_has_its_input_and_no_arguments() -> None:
    """The function that stood for it is taken apart again: its one text is the input."""
    said: list[Event] = [
        ToolCallDelta(0, '{"input":"*** Be', "call_a", "patch"),
        ToolCallDelta(0, 'gin"}'),
        Finished("stop"),
        Done(),
    ]

    item = whole([*said, Finished("stop"), Done()])["output"][0]

    assert (item["type"], item["call_id"], item["input"]) == ("custom_tool_call", "call_a", "*** Begin")
    assert "arguments" not in item


def test_a_refusal_is_a_part_of_its_own() -> None:
    """After words it is the message's second part; alone it is the first."""
    said: list[Event] = [TextDelta("Well, "), RefusalDelta("no."), Finished("stop"), Done()]

    content = whole(said)["output"][0]["content"]

    assert [part["type"] for part in content] == ["output_text", "refusal"]
    assert (content[0]["text"], content[1]["refusal"]) == ("Well, ", "no.")


def test_a_source_stands_beside_the_words_it_is_for() -> None:
    """Each citation covers what was said since the one before it."""
    said: list[Event] = [
        TextDelta("One."),
        Citation("https://a.example", "A"),
        TextDelta(" Two."),
        Citation("https://b.example"),
    ]

    notes = whole([*said, Finished("stop"), Done()])["output"][0]["content"][0]["annotations"]

    assert [(note["url"], note["start_index"], note["end_index"]) for note in notes] == [
        ("https://a.example", 0, 4),
        ("https://b.example", 4, 9),
    ]


def test_an_empty_answer_has_no_items() -> None:
    """Nothing said is an output without items and a completed response."""
    response = whole([Usage(input=1, output=1), Finished("stop"), Done()])

    assert (response["status"], response["output"]) == ("completed", [])


def test_counts_nobody_told_are_left_out() -> None:
    """An unknown count is no 0: `usage` is null then."""
    assert whole([TextDelta("a"), Finished("stop"), Done()])["usage"] is None


def test_a_response_shows_what_was_asked() -> None:
    """Instructions, tools, format and the like come back as they were sent, the rest at OpenAI's defaults."""
    asked = {**WHOLE, "instructions": "Be brief.", "metadata": {"a": "b"}, "temperature": 0.5, "store": True}

    response = whole([Finished("stop"), Done()], asked)

    assert (response["instructions"], response["metadata"], response["temperature"]) == ("Be brief.", {"a": "b"}, 0.5)
    assert [tool["name"] for tool in response["tools"]] == ["plain", "patch"]
    assert response["store"] is False
    assert (response["id"], response["model"]) == (f"resp_{STAMP.id}", "shown")


@pytest.mark.parametrize("begun", [False, True])
def test_a_failure_ends_a_stream_in_both_forms(*, begun: bool) -> None:
    """`error` for SDKs, `response.failed` for Codex, after a proper beginning; what was open is incomplete."""
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(STREAM).encode())), STAMP)
    first = writer.stream([TextDelta("Hal")]) if begun else b""

    records = told(first + writer.failed(ProviderFault("out of memory", who="box")))

    assert [record["type"] for record in records[-2:]] == ["error", "response.failed"]
    assert [record["type"] for record in records[:2]] == ["response.created", "response.in_progress"]
    assert records[-2]["error"]["message"] == records[-1]["response"]["error"]["message"] == "box: out of memory"
    assert [item["status"] for item in records[-1]["response"]["output"]] == (["incomplete"] if begun else [])
    assert writer.failed(ProviderFault("again")) == b""


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (ContextTooLong("x"), "context_length_exceeded"),
        (QuotaSpent("x"), "insufficient_quota"),
        (RateLimited("x", retry_after=2.2), "rate_limit_exceeded"),
        (Overloaded("x"), "server_is_overloaded"),
        (ProviderFault("x"), "server_error"),
    ],
)
def test_a_failure_has_the_code_that_codex_acts_on(problem: Problem, code: str) -> None:
    """wire/providers §5.2; the pause after a rate limit stands in the words, where Codex looks for it."""
    error = stream([TextDelta("a"), Failed(problem)])[-1]["response"]["error"]

    assert error["code"] == code
    assert ("try again in 3s" in error["message"]) is (problem.retry_after is not None)


def test_a_sign_of_life_is_an_event_once_the_response_has_begun() -> None:
    """Codex counts events alone (faults.md); before the first one, and after the last, it is a comment."""
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(STREAM).encode())), STAMP)

    before = writer.heartbeat
    begun = told(writer.stream([TextDelta("a")]))
    between = told(writer.heartbeat)
    rest = told(writer.stream([TextDelta("b"), Finished("stop"), Done()]))

    assert (before, writer.heartbeat) == (b": keep-alive\n\n", b": keep-alive\n\n")
    assert [record["type"] for record in between] == ["response.in_progress"]
    assert between[0]["sequence_number"] == begun[-1]["sequence_number"] == rest[0]["sequence_number"] - 1


def test_a_foreign_seal_travels_in_our_envelope() -> None:
    """Thinking that another dialect's provider has sealed comes back to us with its maker's name on it."""
    said: list[Event] = [
        ThinkingDelta("Hm"),
        ThinkingSealed("EqQB:x", "anthropic"),
        TextDelta("a"),
        Finished("stop"),
        Done(),
    ]
    item = whole(said)["output"][0]

    request: Any = SERVED.read("responses", cut(json.dumps({"input": [item]}).encode()))

    assert item["encrypted_content"] == "hearth:anthropic:EqQB:x"
    thinking = request.messages[0].parts[0]
    assert (thinking.text, thinking.opaque, thinking.producer) == ("Hm", "EqQB:x", "anthropic")
