"""Replies for Ollama's clients, written from events of any provider."""

import json
from collections.abc import Sequence
from typing import Any

import ollama
import pytest
from msgspec import Raw

from dialects.ollama.ollama_golden import STAMP
from hearth.call import Outline, Wishes
from hearth.dialects.dialect import ReplyWriter
from hearth.dialects.ollama import SERVED
from hearth.dialects.ollama.replies import timestamp
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, Overloaded

CHAT = Outline("chat", "chat", "m", stream=True)
GENERATE = Outline("generate", "complete", "m", stream=True)
END = (Finished("stop"), Done())


def writer(outline: Outline = CHAT) -> ReplyWriter:
    return SERVED.writer(outline, STAMP)


def streamed(events: Sequence[Event], outline: Outline = CHAT) -> list[dict[str, Any]]:
    """The objects of a stream, each event handed over by itself."""
    one = writer(outline)
    body = b"".join(one.stream([event]) for event in events)
    return [json.loads(line) for line in body.decode().splitlines()]


def messages(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [line["message"] for line in streamed(events)]


def test_what_kind_of_reply() -> None:
    """Streams are NDJSON, which has no form for a heartbeat; whole replies and answers to a load are JSON."""
    loading = Outline("chat", "chat", "m", stream=False, empty=True)

    assert (writer().content_type, writer().heartbeat) == ("application/x-ndjson", b"")
    assert writer(loading).content_type == "application/json; charset=utf-8"


def test_events_that_say_nothing_here() -> None:
    """A start, usage and empty text are no lines of their own: NDJSON clients die on blank ones."""
    assert writer().stream([Started("id"), Usage(1, 2), TextDelta(""), ThinkingDelta("")]) == b""


def test_usage_stands_in_the_last_object() -> None:
    """Figures are added up from all usage events, and those that are unknown are left out, never 0."""
    last = streamed([TextDelta("a"), Usage(input=5), Usage(output=7, total_ns=9), *END])[-1]

    assert {
        name: last.get(name) for name in ("prompt_eval_count", "eval_count", "total_duration", "load_duration")
    } == {
        "prompt_eval_count": 5,
        "eval_count": 7,
        "total_duration": 9,
        "load_duration": None,
    }


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", "stop"),
        ("tool_calls", "stop"),
        ("length", "length"),
        ("load", "load"),
        ("unload", "unload"),
        ("filter", "content_filter"),
        ("unknown", None),
    ],
)
def test_reasons(reason: FinishReason, word: str | None) -> None:
    """A turn that calls tools ends with "stop", as in Ollama; an unknown reason is left out."""
    last = streamed([Finished(reason), Done()])[-1]

    assert (last["done"], last.get("done_reason")) == (True, word)


def test_a_call_in_pieces() -> None:
    """A call is sent when it is whole, as one object with its arguments as an object (pain 18)."""
    one = writer()

    begun = one.stream([ToolCallDelta(0, '{"ci', id="call_1", name="f"), ToolCallDelta(0, 'ty":\n "Paris <b>"}')])
    ended = one.stream(END)

    assert begun == b""
    call, last = (json.loads(line) for line in ended.splitlines())
    assert call["message"] == {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": "call_1", "function": {"index": 0, "name": "f", "arguments": {"city": "Paris <b>"}}}],
    }
    assert last["done"]
    ollama.ChatResponse.model_validate(call)


def test_calls_one_after_another() -> None:
    """A call is whole when the next one begins; they are numbered from 0, whatever the provider's numbers."""
    found = messages([ToolCallDelta(3, "{}", name="f"), ToolCallDelta(5, "", name="g"), *END])

    calls = [message["tool_calls"][0]["function"] for message in found if "tool_calls" in message]
    assert [(call["index"], call["name"], call["arguments"]) for call in calls] == [(0, "f", {}), (1, "g", {})]


@pytest.mark.parametrize("arguments", ['{"x":', "[1]", '"text"', "nope"])
def test_a_broken_call_ends_the_stream_in_an_error(arguments: str) -> None:
    """Arguments that are no object are neither repaired nor left out; what came before is kept."""
    one = writer()

    body = one.stream([TextDelta("a"), ToolCallDelta(0, arguments, name="f"), *END])

    lines = [json.loads(line) for line in body.splitlines()]
    assert lines[0]["message"]["content"] == "a"
    assert lines[1] == {"error": 'The model sent invalid tool call arguments for "f".'}
    assert one.stream([TextDelta("more"), *END]) == b""


def test_a_call_cut_at_the_token_limit() -> None:
    """The last call of a reply that was cut is left out, for "length" says that something is missing."""
    found = streamed([ToolCallDelta(0, '{"x":', name="f"), Finished("length"), Done()])

    assert [line.get("done_reason") for line in found] == ["length"]


def test_a_broken_call_in_a_whole_reply() -> None:
    """A whole reply can still fail as a whole."""
    with pytest.raises(BrokenReply, match="invalid tool call arguments"):
        writer().whole([ToolCallDelta(0, "{", name="f"), *END])


def test_a_refusal_is_text() -> None:
    """The model's own words for saying no are words."""
    assert messages([RefusalDelta("No."), *END])[0]["content"] == "No."


def test_thinking_can_be_hidden() -> None:
    """A call that wishes thinking hidden gets none, streamed or whole."""
    hidden = Outline("chat", "chat", "m", stream=True, wishes=Wishes(thinking="hide"))
    events = (ThinkingDelta("Hm."), TextDelta("a"), *END)

    assert "Hm." not in json.dumps(streamed(events, hidden))
    assert b"Hm." not in writer(hidden).whole(events)


def test_probabilities_before_their_text() -> None:
    """Probabilities that come without text have a line of their own."""
    found = streamed([LogProbs(Raw(b'[\n{"token":"a","logprob":0}]')), TextDelta("a"), *END])

    assert found[0]["logprobs"] == [{"token": "a", "logprob": 0}]
    ollama.ChatResponse.model_validate(found[0])


def test_an_error_is_the_last_line() -> None:
    """A failure is an `error` line, never `done`; good lines have no such key, which ollama-js looks for."""
    found = streamed([TextDelta("a"), Failed(Overloaded("busy", who="groq")), *END])

    assert found[-1] == {"error": "groq: busy"}
    assert all("error" not in line for line in found[:-1])
    assert not any(line.get("done") for line in found)


def test_a_failure_after_the_end_says_nothing() -> None:
    """Once a stream has ended nothing is added to it."""
    one = writer()
    one.stream(END)

    assert one.failed(Overloaded("busy")) == b""


def test_a_whole_reply() -> None:
    """Text, thinking, calls and probabilities of all events are joined in one object."""
    events = (
        ThinkingDelta("H"),
        ThinkingDelta("m"),
        TextDelta("a"),
        LogProbs(Raw(b'[{"token":"a","logprob":0}]')),
        TextDelta("b"),
        LogProbs(Raw(b'[{"token":"b","logprob":-1}]')),
        ToolCallDelta(0, "{}", name="f", whole=True),
        *END,
    )

    found = json.loads(writer().whole(events))

    assert found["message"] == {
        "role": "assistant",
        "content": "ab",
        "thinking": "Hm",
        "tool_calls": [{"function": {"index": 0, "name": "f", "arguments": {}}}],
    }
    assert [one["token"] for one in found["logprobs"]] == ["a", "b"]


def test_a_whole_reply_that_failed() -> None:
    """A failure among the events is raised, so that it becomes an error reply with its status."""
    with pytest.raises(Overloaded):
        writer().whole([TextDelta("a"), Failed(Overloaded("busy"))])


def test_a_whole_reply_without_an_end() -> None:
    """F6: events without an end are no whole reply."""
    with pytest.raises(BrokenReply):
        writer().whole([TextDelta("a")])


def test_generate() -> None:
    """Generate's text is in `response`, its calls at the top level of the last object."""
    found = streamed([ThinkingDelta("Hm."), TextDelta("a"), ToolCallDelta(0, "{}", name="f"), *END], GENERATE)

    assert [(line["response"], line.get("thinking")) for line in found] == [("", "Hm."), ("a", None), ("", None)]
    assert found[-1]["tool_calls"] == [{"function": {"index": 0, "name": "f", "arguments": {}}}]


def test_embeddings() -> None:
    """Vectors of several events are joined; the older route gives the first one alone."""
    events = (Vectors(((1.0, 2.0),)), Vectors(((3.0,),)), Usage(input=4, output=9), Done())

    new = SERVED.writer(Outline("embed", "embed", "m", stream=False), STAMP).whole(events)
    old = SERVED.writer(Outline("embeddings", "embed", "m", stream=False), STAMP).whole(events)

    assert new == b'{"model":"scripted","embeddings":[[1.0,2.0],[3.0]],"prompt_eval_count":4}'
    assert old == b'{"embedding":[1.0,2.0]}'


def test_embeddings_that_failed() -> None:
    """F6: no vectors is a broken reply, a failure is raised."""
    one = SERVED.writer(Outline("embed", "embed", "m", stream=False), STAMP)

    with pytest.raises(BrokenReply):
        one.whole([Usage(1)])
    with pytest.raises(Overloaded):
        one.whole([Failed(Overloaded("busy"))])


def test_times() -> None:
    """RFC 3339 in UTC, up to nine digits, trailing zeros trimmed."""
    assert timestamp(1_763_714_436_957_041_959) == "2025-11-21T08:40:36.957041959Z"
    assert timestamp(1_763_714_436_950_000_000) == "2025-11-21T08:40:36.95Z"
    assert timestamp(0) == "1970-01-01T00:00:00Z"
