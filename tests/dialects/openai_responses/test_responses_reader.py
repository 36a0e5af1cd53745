"""Replies as servers of the Responses API really differ, and what is broken in them said to be."""

import json
from typing import Any

import pytest

from dialects.openai_responses.responses_golden import JSON_HEAD, SSE_HEAD, events, sse
from hearth.dialects.dialect import Head
from hearth.dialects.openai_responses import CALLED
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    LogProbs,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import (
    BrokenReply,
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
)

END: dict[str, Any] = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": []}}
BEGUN: dict[str, Any] = {"type": "response.created", "response": {"id": "r", "status": "in_progress"}}
SAYING: dict[str, Any] = {"id": "m1", "type": "message", "content": [{"type": "output_text", "text": "a"}]}
MESSAGE: dict[str, Any] = {"id": "m1", "type": "message", "role": "assistant", "content": []}
CALL: dict[str, Any] = {"id": "f1", "type": "function_call", "call_id": "a", "name": "f", "arguments": ""}


def meaning(*records: dict[str, Any]) -> list[Event]:
    """What a stream of these events means, its beginning left out."""
    return events(SSE_HEAD, sse(BEGUN, *records, END))[1:-2]


def text(delta: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- any member
    """A delta of text."""
    return {"type": "response.output_text.delta", "item_id": "m1", "output_index": 0, "delta": delta, **more}


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([text("a"), text("b")], [TextDelta("a"), TextDelta("b")]),
        ([text("a", item_id=None)], [TextDelta("a")]),
        ([{"type": "response.refusal.delta", "item_id": "m1", "delta": "no"}], [RefusalDelta("no")]),
        ([{"type": "response.reasoning_text.delta", "item_id": "r1", "delta": "Hm"}], [ThinkingDelta("Hm")]),
        (
            [
                {"type": "response.reasoning_summary_text.delta", "item_id": "r1", "summary_index": 0, "delta": "A"},
                {"type": "response.reasoning_summary_text.delta", "item_id": "r1", "summary_index": 1, "delta": "B"},
            ],
            [ThinkingDelta("A"), ThinkingDelta("\n\nB")],
        ),
        (
            [
                {
                    "type": "response.output_item.done",
                    "item": SAYING,
                }
            ],
            [TextDelta("a")],
        ),
        (
            [
                text("a"),
                {
                    "type": "response.output_item.done",
                    "item": SAYING,
                },
            ],
            [TextDelta("a")],
        ),
        ([{"type": "response.web_search_call.searching", "item_id": "w", "output_index": 0}], []),
        ([{"type": "response.output_item.added", "item": {"type": "web_search_call", "id": "w"}}], []),
        ([{"type": "response.something.new", "delta": {"deep": [1]}}, {"type": "keepalive"}], []),
        (
            [
                {
                    "type": "response.output_text.annotation.added",
                    "annotation": {"type": "url_citation", "url": "https://a.example", "title": "A"},
                },
                {
                    "type": "response.output_text.annotation.added",
                    "annotation": {"type": "file_path", "file_id": "x"},
                },
            ],
            [Citation("https://a.example", "A")],
        ),
    ],
)
def test_an_event_means_what_it_means(records: list[dict[str, Any]], expected: list[Event]) -> None:
    """Deltas, items that come whole, kinds that nobody here knows: nothing twice, nothing lost, nothing invented."""
    assert meaning(*records) == expected


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (
            [
                {"type": "response.output_item.added", "item": CALL},
                {"type": "response.function_call_arguments.delta", "item_id": "f1", "delta": '{"a"'},
                {"type": "response.function_call_arguments.delta", "item_id": "f1", "delta": ":1}"},
                {"type": "response.output_item.done", "item": {**CALL, "arguments": '{"a":1}'}},
            ],
            [ToolCallDelta(0, "", "a", "f"), ToolCallDelta(0, '{"a"'), ToolCallDelta(0, ":1}")],
        ),
        (
            [
                {"type": "response.output_item.added", "item": CALL},
                {"type": "response.output_item.done", "item": CALL},
            ],
            [ToolCallDelta(0, "", "a", "f"), ToolCallDelta(0, "{}", whole=True)],
        ),
        (
            [{"type": "response.output_item.done", "item": {**CALL, "arguments": '{"a":1}'}}],
            [ToolCallDelta(0, '{"a":1}', "a", "f", whole=True)],
        ),
        (
            [
                {
                    "type": "response.output_item.done",
                    "item": {"id": "c1", "type": "custom_tool_call", "call_id": "b", "name": "p", "input": "x"},
                }
            ],
            [ToolCallDelta(0, '{"input":"x"}', "b", "p", whole=True)],
        ),
    ],
)
def test_calls_are_numbered_and_complete(records: list[dict[str, Any]], expected: list[Event]) -> None:
    """Pain 18: pieces, calls without arguments, calls that come whole; the reason is that of a tool turn."""
    assert meaning(*records) == expected
    assert events(SSE_HEAD, sse(*records, END))[-2] == Finished("tool_calls", "completed")


def test_two_calls_at_once_are_kept_apart() -> None:
    """Pieces of parallel calls may come in turns."""
    other = {**CALL, "id": "f2", "call_id": "b"}

    said = meaning(
        {"type": "response.output_item.added", "item": CALL},
        {"type": "response.output_item.added", "item": other},
        {"type": "response.function_call_arguments.delta", "item_id": "f2", "delta": "2"},
        {"type": "response.function_call_arguments.delta", "item_id": "f1", "delta": "1"},
    )

    assert said[2:] == [ToolCallDelta(1, "2"), ToolCallDelta(0, "1")]


def test_what_only_the_end_tells_is_told() -> None:
    """A server that sends nothing but the terminal event has said all of it there."""
    end = {
        **END,
        "response": {**END["response"], "output": [SAYING]},
    }

    assert events(SSE_HEAD, sse(end))[1:] == [TextDelta("a"), Finished("stop", "completed"), Done()]


def test_sealed_thinking_comes_with_its_seal() -> None:
    """The item as its maker wants it back, whether there was a summary or not."""
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA", "status": "completed"}

    (sealed,) = meaning({"type": "response.output_item.done", "item": item})

    assert isinstance(sealed, ThinkingSealed)
    assert sealed.producer == "openai_responses"
    assert json.loads(sealed.opaque) == {name: item[name] for name in ("id", "type", "summary", "encrypted_content")}


def test_probabilities_come_with_their_words() -> None:
    """In deltas, and in a whole response."""
    token = {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}
    part = {"type": "output_text", "text": "a", "logprobs": [token]}
    body = {**END["response"], "output": [{**MESSAGE, "content": [part]}]}

    for said in (meaning(text("a", logprobs=[token])), events(JSON_HEAD, json.dumps(body).encode())[1:3]):
        assert said[0] == TextDelta("a")
        assert isinstance(said[1], LogProbs)
        assert json.loads(bytes(said[1].content)) == [token]


@pytest.mark.parametrize(
    ("status", "why", "reason"),
    [
        ("incomplete", "max_output_tokens", "length"),
        ("incomplete", "content_filter", "filter"),
        ("incomplete", "steered", "unknown"),
        ("completed", None, "stop"),
    ],
)
def test_the_reason_is_read(status: str, why: str | None, reason: str) -> None:
    """From a stream's last event and from a whole response alike, with the counts."""
    body: dict[str, Any] = {
        "id": "r",
        "status": status,
        "incomplete_details": {"reason": why} if why else None,
        "output": [],
        "usage": {
            "input_tokens": 5,
            "output_tokens": 3,
            "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1},
            "output_tokens_details": {"reasoning_tokens": 1},
        },
    }
    streamed = events(SSE_HEAD, sse({"type": f"response.{status}", "response": body}))

    for said in (streamed, events(JSON_HEAD, json.dumps(body).encode())):
        assert said[1] == Usage(input=5, output=3, cached=2, cache_write=1, reasoning=1)
        assert isinstance(said[2], Finished)
        assert said[2].reason == reason
        assert said[3] == Done()


def failed(error: object) -> dict[str, Any]:
    """A response that failed."""
    return {"type": "response.failed", "response": {"id": "r", "status": "failed", "error": error}}


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        (failed({"code": "server_error", "message": "x"}), ProviderFault),
        (failed({"code": "rate_limit_exceeded", "message": "x"}), RateLimited),
        (failed({"code": "context_length_exceeded", "message": "x"}), ContextTooLong),
        (failed({"code": "insufficient_quota", "message": "x"}), QuotaSpent),
        (failed({"code": "server_is_overloaded", "message": "x"}), Overloaded),
        (failed({"code": "invalid_prompt", "message": "x"}), ProviderRefusal),
        (failed({"code": "image_parse_error", "message": "x"}), ProviderRefusal),
        (failed(None), ProviderFault),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x", "param": None}, RateLimited),
        ({"type": "error", "error": {"type": "server_error", "code": "x", "message": "x"}}, ProviderFault),
        ({"error": {"message": "x", "type": "invalid_request_error", "code": 400}}, ProviderRefusal),
    ],
)
def test_a_failure_in_the_stream_is_the_problem_it_is(record: dict[str, Any], kind: type[Problem]) -> None:
    """F8: in both forms, with the code that says what happened; nothing means anything after it."""
    said = events(SSE_HEAD, sse(text("a"), record, END))

    assert said[0] == TextDelta("a")
    assert isinstance(said[-1], Failed)
    assert type(said[-1].problem) is kind


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Sign in</html>", b"[1]", b'{"id":"r"}', b'{"output": 5}', b'{"id":"r","output":[', b"\xff\xfe"],
)
def test_what_is_no_response_is_broken(body: bytes) -> None:
    """F7: a page, nothing, another shape, half of one."""
    said = events(JSON_HEAD, body)

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, BrokenReply)


@pytest.mark.parametrize("record", [b"data: {half\n\n", b'data: "text"\n\n', b"data: {}\n\n"])
def test_a_record_that_is_no_event_breaks_the_stream(record: bytes) -> None:
    """F9: noise in the middle is no end and no words."""
    said = events(SSE_HEAD, sse(text("a")) + record + sse(END))

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, BrokenReply)


def test_an_error_with_status_200_is_an_error() -> None:
    """F8: the body says so."""
    said = events(JSON_HEAD, b'{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}')

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, KeyRefused)


def test_comments_and_done_marks_are_passed_over() -> None:
    """Some servers send `[DONE]`, and signs of life between."""
    said = events(SSE_HEAD, b": ping\n\n" + sse(text("a")) + b": ping\n\n" + sse(END) + b"data: [DONE]\n\n")

    assert (said[0], said[-1]) == (TextDelta("a"), Done())


def test_refusals_over_http_have_their_class() -> None:
    """A model nobody has, by its code."""
    body = b'{"error":{"message":"no `x`","type":"invalid_request_error","code":"model_not_found"}}'

    assert type(CALLED.problem(Head(404), body, "openai")) is ModelMissing
