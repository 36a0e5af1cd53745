"""Responses as clients get them: order, failures, signs of life, freeform calls, sources, what is shown again."""

import json
from typing import Any

import pytest

from dialects.openai_responses.responses_golden import (
    STAMP,
    STREAM,
    WHOLE,
    kinds,
    stream,
    told,
    whole,
)
from hearth.dialects.body import cut
from hearth.dialects.openai_responses import SERVED
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import ContextTooLong, Overloaded, Problem, ProviderFault, QuotaSpent, RateLimited


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
