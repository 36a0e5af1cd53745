"""Replies that are cut, broken or errors: each is a failure of its kind, and never looks finished."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.openai_chat.openai_golden import BOX, DONE, delta, events, meaning, sse, sse_head
from hearth.dialects.body import cut
from hearth.dialects.dialect import Head
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.events import (
    Done,
    Failed,
    Finished,
    Frame,
    TextDelta,
)
from hearth.problems import (
    BrokenReply,
    ContextTooLong,
    Overloaded,
    Problem,
    ProviderFault,
    QuotaSpent,
    RateLimited,
)

JSON = Head(200, (("Content-Type", "application/json"),))
STOP = Finished("stop", "stop")


def test_an_end_without_done_counts() -> None:
    """Some servers send no [DONE]: a reason for each choice is an end too."""
    reader = CALLED.reader("chat", None, BOX, sse_head())

    frames = [*reader.feed(sse(delta("stop", content="a"))), *reader.close()]

    assert reader.finished
    assert frames[-1] == Frame(b"", (Done(),))


def test_done_without_a_reason_is_an_end_of_unknown_reason() -> None:
    """The end mark is the provider's last word, even where it gave no reason before."""
    assert meaning(sse(delta(content="a")), DONE) == [TextDelta("a"), Finished("unknown"), Done()]


def test_one_choice_still_open_is_a_cut_stream() -> None:
    """F6: of two choices one ended; the other was cut."""
    other = {"choices": [{"index": 1, "delta": {"content": "b"}}]}

    said = meaning(sse(delta(content="a"), other, delta("stop")))

    assert isinstance(said[-1], Failed)


def test_choices_that_never_came_are_a_cut_stream() -> None:
    """F6: where several were asked for, the end of the first is no end: only the end mark is."""
    asked = SERVED.outline("chat", cut(b'{"model":"m","n":2,"stream":true,"messages":[]}'))
    reader = CALLED.reader("chat", asked, BOX, sse_head())

    frames = [*reader.feed(sse(delta("stop", content="a"))), *reader.close()]

    assert isinstance(frames[-1].events[-1], Failed)
    assert not reader.finished


def test_an_end_mark_after_nothing_is_a_broken_reply() -> None:
    """A server that dies politely says [DONE] and nothing else: that is no empty answer."""
    role_only = meaning(sse(delta()), DONE)
    nothing = meaning(DONE)

    assert role_only[-1] == Done()
    assert isinstance(nothing[-1], Failed)
    assert isinstance(nothing[-1].problem, BrokenReply)


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"error": {"message": "m", "type": "server_error"}}, ProviderFault),
        ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, RateLimited),
        ({"error": {"message": "m", "code": "insufficient_quota"}}, QuotaSpent),
        ({"error": {"message": "m", "code": 503}}, Overloaded),
        ({"error": {"message": "m", "code": "server_is_overloaded"}}, Overloaded),
        ({"error": "model is currently loading", "error_type": "overloaded"}, Overloaded),
        ({"error": {"message": "This model's maximum context length is 8"}}, ContextTooLong),
        ({**delta("error"), "error": {"code": 502, "message": "m"}}, ProviderFault),
        (delta("error"), ProviderFault),
        (delta("insufficient_system_resource"), Overloaded),
        ({"x_groq": {"error": "m"}, **delta()}, ProviderFault),
        ({"base_resp": {"status_code": 1002, "status_msg": "m"}}, RateLimited),
        ({"object": "error", "message": "m", "code": 40303}, ProviderFault),
    ],
)
def test_an_error_in_a_stream_is_a_failure_of_its_kind(record: dict[str, Any], kind: type[Problem]) -> None:
    """F8: an error inside a reply of status 200 is a failure, whatever follows it; its bytes still pass."""
    stream = sse(delta(content="a"), record) + DONE
    reader = CALLED.reader("chat", None, BOX, sse_head())

    frames = [*reader.feed(stream), *reader.close()]

    said = [event for frame in frames for event in frame.events]
    assert isinstance(said[-1], Failed)
    assert type(said[-1].problem) is kind
    assert not reader.finished
    assert b"".join(frame.raw for frame in frames) == stream


def test_a_whole_reply_without_an_end_is_given_up() -> None:
    """F12: a body that goes on and on is a failure at 64 MiB, and is not kept any longer."""
    reader = CALLED.reader("chat", None, BOX, JSON)
    piece = b" " * 2**20

    frames = [*reader.feed(b"{"), *(frame for _ in range(70) for frame in reader.feed(piece)), *reader.close()]

    assert [isinstance(event, Failed) for frame in frames for event in frame.events] == [True]
    assert sum(len(frame.raw) for frame in frames) == 1 + 70 * 2**20


def test_an_error_event_is_a_failure() -> None:
    """Groq names its errors in the `event` field."""
    said = meaning(b'event: error\ndata: {"error":{"message":"gone"}}\n\n')

    assert isinstance(said[-1], Failed)
    assert said[-1].problem.message == "gone"


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"m"}}',
        b'{"code":"bad","error":"m"}',
        b'{"base_resp":{"status_code":1004,"status_msg":"m"}}',
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
def test_an_error_body_of_status_200_is_a_failure(body: bytes, kind: str) -> None:
    """XAI and MiniMax answer some errors with status 200 and JSON, also where a stream was asked for."""
    said = events("chat", Head(200, (("Content-Type", kind),)), body)

    assert isinstance(said[-1], Failed)
    assert "m" in said[-1].problem.message


@pytest.mark.parametrize(
    "said", ['"message":{"role":"assistant","content":""}', '"message":{"content":null}', '"text":""']
)
def test_a_whole_reply_that_says_nothing_and_does_not_end_is_broken(said: str) -> None:
    """Ollama breaks a model off that repeats itself: no reason, no text (recording chat-repeat-abort-templated)."""
    body = f'{{"choices":[{{"index":0,{said},"finish_reason":null}}],"usage":{{"prompt_tokens":3}}}}'.encode()

    found = events("chat", JSON, body)

    assert isinstance(found[-1], Failed)
    assert isinstance(found[-1].problem, BrokenReply)
    assert Done() not in found


def test_a_whole_reply_that_says_something_is_good_without_a_reason() -> None:
    """Some servers leave the reason out."""
    body = b'{"choices":[{"message":{"content":"a"},"finish_reason":null}]}'

    assert events("chat", JSON, body)[-3:] == [TextDelta("a"), Finished("unknown"), Done()]


def test_json_on_a_stream_request_is_a_reply() -> None:
    """A server that does not stream answers whole; the content type is believed less than the first byte."""
    body = b'\n\n{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]}'

    said = events("chat", sse_head(), body)

    assert said[1:] == [TextDelta("a"), STOP, Done()]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>Log in to the hotel</html>"),
        ("application/json", b"<!doctype html>"),
        ("text/plain", b"hello"),
        ("application/json", b""),
        ("text/event-stream", b""),
        ("application/json", b"[]"),
        ("application/json", b"{}"),
        ("text/event-stream", b"data: what?\n\n"),
        ("text/event-stream", b'data: {"choices":[{"index":"x"}]}\n\n'),
    ],
)
def test_what_is_no_reply_is_broken(kind: str, body: bytes) -> None:
    """F7: a captive portal's page, nothing, or something else with status 200 is a broken reply."""
    said = events("chat", Head(200, (("Content-Type", kind),)), body)

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, BrokenReply)


@given(st.lists(st.binary(max_size=40), max_size=6), st.sampled_from(["text/event-stream", "application/json", ""]))
def test_garbage_never_raises_and_loses_nothing(pieces: list[bytes], kind: str) -> None:
    """F9: whatever bytes come, in whatever pieces, no reader raises, every byte passes, and nothing looks finished."""
    reader = CALLED.reader("chat", None, BOX, Head(200, (("Content-Type", kind),)))

    frames = [*(frame for piece in pieces for frame in reader.feed(piece)), *reader.close()]

    assert b"".join(frame.raw for frame in frames) == b"".join(pieces)
    assert not reader.finished or b"[DONE]" in b"".join(pieces)
    assert reader.finished or any(isinstance(event, Failed) for frame in frames for event in frame.events)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "error", "tool_calls", "usage", "index", "finish_reason"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused(record: object) -> None:
    """Wrong types in any place are a broken reply, never an exception."""
    for body, head in (
        (b"data: " + json.dumps(record).encode() + b"\n\n", sse_head()),
        (json.dumps(record).encode(), JSON),
    ):
        said = events("chat", head, body)
        assert isinstance(said[-1], Failed | Done)
