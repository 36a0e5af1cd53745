"""Replies as servers really differ: each oddity is read for what it means, and whatever is broken is said to be."""

import json
from typing import Any

import pytest

from dialects.openai_chat.openai_golden import BOX, DONE, delta, events, meaning, sse, sse_head
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.events import (
    Done,
    Event,
    Finished,
    LogProbs,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth_config.quirks import Quirks

STOP = Finished("stop", "stop")


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b'data:{"choices":[{"delta":{"content":"a"}}]}\n\n', [TextDelta("a")], id="no space, no index"),
        pytest.param(
            b'\xef\xbb\xbfdata: {"choices":[{"delta":{"content":"a"}}]}\r\n\r\n', [TextDelta("a")], id="BOM, CRLF"
        ),
        pytest.param(sse({"choices": [{"index": 0, "delta": None}]}), [], id="null delta"),
        pytest.param(sse({"choices": []}, {"id": "x"}, {}), [], id="no choices"),
        pytest.param(sse({"choices": [], "prompt_filter_results": [{}]}), [], id="Azure's first chunk"),
        pytest.param(sse(delta(finish="", content="a")), [TextDelta("a")], id="empty finish_reason"),
        pytest.param(sse(delta(role="assistant", content=None)), [], id="llama.cpp's first chunk"),
        pytest.param(sse(delta(reasoning_content="t")), [ThinkingDelta("t")], id="reasoning_content"),
        pytest.param(sse(delta(content="", reasoning="t")), [ThinkingDelta("t")], id="reasoning"),
        pytest.param(sse(delta(reasoning="t", reasoning_content="t")), [ThinkingDelta("t")], id="both say it once"),
        pytest.param(
            sse(delta(reasoning_details=[{"type": "reasoning.text", "text": "t"}, {"summary": "s"}])),
            [ThinkingDelta("ts")],
            id="reasoning_details",
        ),
        pytest.param(
            sse(delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}, {"text": "a"}])),
            [ThinkingDelta("t"), TextDelta("a")],
            id="Mistral's content chunks",
        ),
        pytest.param(sse(delta(refusal="no")), [RefusalDelta("no")], id="refusal"),
        pytest.param(b": OPENROUTER PROCESSING\n\n" + sse(delta(content="a")), [TextDelta("a")], id="comment"),
    ],
)
def test_an_oddity_means_what_it_means(stream: bytes, expected: list[Event]) -> None:
    """Tolerance as in wire/providers §4.15: missing, null and renamed members are read, not tripped over."""
    said = meaning(stream, sse(delta("stop")), DONE)

    assert said == [*expected, STOP, Done()]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        pytest.param(
            [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}],
            [ToolCallDelta(0, '{"x":1}', "a", "f", whole=True)],
            id="arguments as an object",
        ),
        pytest.param(
            [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
                {"index": 0, "id": "b", "function": {"name": "g", "arguments": "{}"}},
            ],
            [ToolCallDelta(0, "{}", "a", "f"), ToolCallDelta(1, "{}", "b", "g")],
            id="each call numbered 0",
        ),
        pytest.param(
            [
                {"index": 1, "id": "a", "function": {"name": "f", "arguments": "{"}},
                {"index": 1, "function": {"arguments": "}"}},
            ],
            [ToolCallDelta(0, "{", "a", "f"), ToolCallDelta(0, "}")],
            id="numbered from 1",
        ),
        pytest.param(
            [
                {"id": "a", "function": {"name": "f", "arguments": "{"}},
                {"function": {"arguments": "}"}},
                {"id": "b", "function": {"name": "g", "arguments": "{}"}},
            ],
            [ToolCallDelta(0, "{", "a", "f"), ToolCallDelta(0, "}"), ToolCallDelta(1, "{}", "b", "g")],
            id="no numbers at all",
        ),
        pytest.param(
            [{"index": 0, "id": "a"}, {"index": 0, "function": {"name": "f", "arguments": "{}"}}],
            [ToolCallDelta(0, "{}", "a", "f")],
            id="name after id",
        ),
        pytest.param(
            [{"index": 0, "id": "a", "function": {"name": "f"}}],
            [ToolCallDelta(0, "", "a", "f"), ToolCallDelta(0, "{}")],
            id="no arguments",
        ),
    ],
)
def test_tool_calls_are_numbered_anew(pieces: list[dict[str, Any]], expected: list[Event]) -> None:
    """Pain 18: however a server numbers its calls, ours count from 0 without gaps, and arguments are JSON."""
    stream = sse(*(delta(tool_calls=[piece]) for piece in pieces), delta("stop"))

    said = meaning(stream, DONE)

    assert said == [*expected, Finished("tool_calls", "stop"), Done()]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_a_stream_under_another_name_is_a_stream(kind: str) -> None:
    """What arrives decides, not what the head calls it."""
    said = events("chat", sse_head(kind), sse(delta("stop", content="a")), DONE)

    assert said[1:] == [TextDelta("a"), STOP, Done()]


def test_the_old_function_call_is_a_tool_call() -> None:
    """`function_call`, streamed in pieces, is one call."""
    stream = sse(
        delta(function_call={"name": "f", "arguments": "{"}),
        delta(function_call={"arguments": "}"}),
        delta("function_call"),
    )

    said = meaning(stream, DONE)

    assert said[:2] == [ToolCallDelta(0, "{", "", "f"), ToolCallDelta(0, "}")]
    assert said[2] == Finished("tool_calls", "function_call")


@pytest.mark.parametrize(
    ("word", "reason"),
    [("eos", "stop"), ("model_length", "length"), ("content_filter", "filter"), ("brand_new", "unknown")],
)
def test_ends_have_one_name(word: str, reason: str) -> None:
    """Each provider's word for an end is kept beside ours."""
    said = meaning(sse(delta(word, content="a")), DONE)

    assert said[1:] == [Finished(reason, word), Done()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 2}, Usage(3, 2)),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}, "cost": 0.5},
            Usage(3, 2, cached=1, cost=0.5),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 2, "prompt_cache_hit_tokens": 2}, Usage(3, 2, cached=2)),
        ({"prompt_tokens": 3, "completion_tokens": 2, "num_cached_tokens": 2}, Usage(3, 2, cached=2)),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "prompt_token_details": {"cached_tokens": 1}},
            Usage(3, 2, cached=1),
        ),
        (
            {"prompt_tokens": 3, "completion_tokens": 2, "completion_tokens_details": {"reasoning_tokens": 1}},
            Usage(3, 2, reasoning=1),
        ),
    ],
)
def test_usage_has_one_shape(usage: dict[str, Any], expected: Usage) -> None:
    """The counts of all providers, as the table in wire/providers §2 has them."""
    said = meaning(sse({"choices": [], "usage": usage}, delta("stop")), DONE)

    assert said[0] == expected


def test_xai_counts_reasoning_beside_the_answer() -> None:
    """There `completion_tokens` leaves reasoning out, and a cache larger than the prompt was counted beside it."""
    to = Destination("xai", "grok", quirks=Quirks(reasoning_exclusive=True))
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "completion_tokens_details": {"reasoning_tokens": 5},
        "prompt_tokens_details": {"cached_tokens": 4},
    }

    said = meaning(sse({"choices": [], "usage": usage}, delta("stop")), DONE, to=to)

    assert said[0] == Usage(7, 7, cached=4, reasoning=5)


def test_groq_puts_usage_in_its_own_corner() -> None:
    """`x_groq.usage` counts where `usage` is missing."""
    said = meaning(sse({**delta("stop"), "x_groq": {"usage": {"prompt_tokens": 1, "completion_tokens": 2}}}), DONE)

    assert said[1] == Usage(1, 2)


def test_counts_of_zero_are_unknown() -> None:
    """Ollama writes zeros beside each piece of a completion; a zero is no count."""
    said = meaning(sse({**delta("stop"), "usage": {"prompt_tokens": 0, "completion_tokens": 0}}), DONE)

    assert said == [STOP, Done()]


def test_old_probabilities_become_the_chat_form() -> None:
    """The parallel lists of completions and the chat form are one event."""
    logprobs = {"tokens": ["é"], "token_logprobs": [-0.5], "top_logprobs": [{"é": -0.5}]}
    record = {"choices": [{"text": "é", "logprobs": logprobs, "finish_reason": "stop"}]}

    said = events("complete", sse_head(), sse(record), DONE)

    found = next(event for event in said if isinstance(event, LogProbs))
    assert json.loads(bytes(found.content)) == [
        {
            "token": "é",
            "logprob": -0.5,
            "bytes": [195, 169],
            "top_logprobs": [{"token": "é", "logprob": -0.5, "bytes": [195, 169]}],
        }
    ]


ASK = b'{"messages":[{"role":"user","content":"x"}],"stream":true}'
ASK_USAGE = b'{"messages":[],"stream":true,"stream_options":{"include_usage":true}}'
COUNTS = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}


@pytest.mark.parametrize(("ask", "shown"), [(ASK, False), (ASK_USAGE, True)])
def test_usage_nobody_asked_for_is_metered_and_hidden(ask: bytes, *, shown: bool) -> None:
    """The chunk of nothing but usage reaches callers that asked for it; the count reaches the log in both cases."""
    outline = SERVED.outline("chat", cut(ask))
    stream = sse(delta("stop", content="a"), COUNTS) + DONE
    reader = CALLED.reader("chat", outline, BOX, sse_head())

    frames = [*reader.feed(stream), *reader.close()]

    assert Usage(1, 2) in [event for frame in frames for event in frame.events]
    assert (sse(COUNTS) in b"".join(frame.raw for frame in frames)) == shown


def test_usage_inside_a_piece_of_text_is_never_hidden() -> None:
    """A chunk that also says something passes, whoever asked for what."""
    outline = SERVED.outline("chat", cut(ASK))
    stream = sse({**delta("stop", content="a"), "usage": COUNTS["usage"]}) + DONE
    reader = CALLED.reader("chat", outline, BOX, sse_head())

    frames = reader.feed(stream)

    assert b"".join(frame.raw for frame in frames) == stream
