"""Replies for Google's clients: chunks, arrays and whole replies, and what their own reader makes of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.gemini.gemini_wire import NEW, STAMP, head, records, request, user
from hearth.dialects.body import raw
from hearth.dialects.dialect import ReplyWriter
from hearth.dialects.gemini import CALLED, SERVED
from hearth.dialects.gemini.seals import NAME, SKIP, unseal
from hearth.events import (
    Citation,
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
    ThinkingSealed,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import Overloaded, RateLimited

END: list[Event] = [Finished("stop", "STOP"), Usage(input=7, output=13, cached=2, reasoning=4), Done()]
TAIL = {"modelVersion": "shown", "responseId": STAMP.id}


def writer(verb: str = "streamGenerateContent", *, alt: str = "sse", thoughts: bool = True) -> ReplyWriter:
    """A writer for a request that wants to see thinking, or not."""
    asked = {"contents": [user("Hi")], "generationConfig": {"thinkingConfig": {"includeThoughts": thoughts}}}
    return SERVED.writer(SERVED.outline(*request(asked, verb, alt=alt)), STAMP)


def streamed(*said: Event, thoughts: bool = True) -> list[dict[str, Any]]:
    """The chunks of these events."""
    return records(writer(thoughts=thoughts).stream(said))


def parts(chunk: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a chunk's one candidate."""
    found: list[dict[str, Any]] = chunk["candidates"][0]["content"]["parts"]
    return found


def test_a_stream_ends_with_its_reason_and_its_counts() -> None:
    """Counts often come after the end, so that the last chunk waits for them."""
    chunks = streamed(Started("x", "m"), TextDelta("Grüße\u2028"), *END)

    assert chunks == [
        {"candidates": [{"content": {"parts": [{"text": "Grüße\u2028"}], "role": "model"}, "index": 0}], **TAIL},
        {
            "candidates": [{"content": {"parts": [{"text": ""}], "role": "model"}, "index": 0, "finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": 7,
                "candidatesTokenCount": 9,
                "totalTokenCount": 20,
                "cachedContentTokenCount": 2,
                "thoughtsTokenCount": 4,
            },
            **TAIL,
        },
    ]


def test_an_array_holds_the_same_chunks() -> None:
    """Without alt=sse a stream is one JSON array, closed only when all was said."""
    form = writer(alt="json")
    said: list[Event] = [TextDelta("a"), *END]

    begun = form.stream(said[:1])
    rest = form.stream(said[1:])

    assert form.content_type.startswith("application/json")
    assert json.loads(begun + rest) == streamed(*said)
    assert begun.startswith(b"[")
    assert not begun.endswith(b"]")


def test_calls_are_told_when_they_are_whole() -> None:
    """Arguments are an object here: pieces are gathered; only the first call bears the word for what is unsealed."""
    said: list[Event] = [
        ToolCallDelta(0, '{"a":', "call_a", "f"),
        ToolCallDelta(1, '{"b":2}', "", "g", whole=True),
        ToolCallDelta(0, "1}"),
        Finished("tool_calls", "tool_calls"),
        Done(),
    ]

    chunks = streamed(*said)

    assert [parts(chunk) for chunk in chunks] == [
        [{"functionCall": {"name": "g", "args": {"b": 2}, "id": f"call_{STAMP.id}00"}, "thoughtSignature": SKIP}],
        [{"functionCall": {"name": "f", "args": {"a": 1}, "id": "call_a"}}],
        [{"text": ""}],
    ]
    assert chunks[-1]["candidates"][0]["finishReason"] == "STOP"


@pytest.mark.parametrize(("reason", "word"), [("tool_calls", "MALFORMED_FUNCTION_CALL"), ("length", "MAX_TOKENS")])
def test_a_call_that_is_no_object_is_never_told(reason: FinishReason, word: str) -> None:
    """One cut off by the limit is left out, any other is what Google calls malformed."""
    chunks = streamed(ToolCallDelta(0, '{"a":', "x", "f"), Finished(reason), Done())

    assert [parts(chunk) for chunk in chunks] == [[{"text": ""}]]
    assert chunks[0]["candidates"][0]["finishReason"] == word


def test_thinking_is_shown_to_those_who_want_it() -> None:
    """`includeThoughts` decides, as at Google."""
    said: list[Event] = [ThinkingDelta("Hm."), ThinkingSealed("c2ln", "anthropic"), TextDelta("Yes"), *END]

    shown, hidden = streamed(*said), streamed(*said, thoughts=False)

    assert parts(shown[0]) == [{"text": "Hm.", "thought": True}]
    assert unseal(parts(shown[1])[0]["thoughtSignature"]) == ("c2ln", "anthropic")
    assert parts(hidden[0]) == [{"text": "Yes"}]


def test_seals_of_a_gemini_are_handed_on_as_they_are() -> None:
    """Its clients hand them back unread."""
    call = ToolCallDelta(0, "{}", "a", "f", whole=True, opaque="c2ln", producer=NAME)

    chunks = streamed(ThinkingSealed("YWJj", NAME), call, *END, thoughts=False)

    assert parts(chunks[0]) == [{"text": "", "thoughtSignature": "YWJj"}]
    assert parts(chunks[1])[0]["thoughtSignature"] == "c2ln"


@pytest.mark.parametrize(
    ("finished", "word"),
    [
        (Finished("length", "length"), "MAX_TOKENS"),
        (Finished("filter", "content_filter"), "SAFETY"),
        (Finished("filter", "RECITATION"), "RECITATION"),
        (Finished("unknown", "OTHER"), "OTHER"),
        (Finished("unknown", "new"), "STOP"),
    ],
)
def test_reasons_have_googles_words(finished: Finished, word: str) -> None:
    """A Gemini's own word is kept, any other is translated."""
    assert streamed(finished, Done())[-1]["candidates"][0]["finishReason"] == word


def test_sources_are_told_with_the_last_chunk() -> None:
    """Citations become grounding: each source once, each with the text that leans on it, counted in bytes."""
    a, b = Citation("https://a.example/", "A"), Citation("https://b.example/", "B")

    chunks = streamed(TextDelta("Grüße"), a, b, TextDelta("!"), a, *END)

    grounding = chunks[-1]["candidates"][0]["groundingMetadata"]
    assert grounding["groundingChunks"] == [{"web": {"uri": one.url, "title": one.title}} for one in (a, b)]
    assert grounding["groundingSupports"] == [
        {"segment": {"startIndex": 0, "endIndex": 7, "text": "Grüße"}, "groundingChunkIndices": [0, 1]},
        {"segment": {"startIndex": 7, "endIndex": 8, "text": "!"}, "groundingChunkIndices": [0]},
    ]


def test_a_whole_reply_joins_what_was_said() -> None:
    """Text of one kind is one part."""
    rival = {"token": "b", "logprob": -2.0, "bytes": [98]}
    told = LogProbs(raw([{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": [rival]}]))
    said: list[Event] = [ThinkingDelta("H"), ThinkingDelta("m"), TextDelta("a"), RefusalDelta("b"), told, *END]

    body = json.loads(writer("generateContent").whole(said))

    assert parts(body) == [{"text": "Hm", "thought": True}, {"text": "ab"}]
    assert body["candidates"][0]["logprobsResult"]["chosenCandidates"] == [{"token": "a", "logProbability": -1.0}]
    assert body["usageMetadata"]["totalTokenCount"] == 20


def test_unknown_counts_are_left_out() -> None:
    """An unknown count is never 0."""
    assert "usageMetadata" not in json.loads(writer("generateContent").whole([TextDelta("a"), *END[:1], Done()]))


def test_a_failure_ends_a_stream_without_a_reason() -> None:
    """Google's envelope as the last record, or as the last element of the array."""
    problem = Overloaded("Too busy", who="box", retry_after=2.5)

    events, array = writer(), writer(alt="json")
    sent = events.stream([TextDelta("a"), Finished("stop"), Failed(problem)])
    listed = json.loads(array.stream([TextDelta("a")]) + array.failed(problem))

    last = records(sent)[-1]["error"]
    assert (last["code"], last["status"]) == (503, "UNAVAILABLE")
    assert {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"} in last["details"]
    assert b"finishReason" not in sent
    assert listed[-1]["error"] == last


def test_a_whole_reply_that_failed_is_raised() -> None:
    """The caller gets a real error."""
    with pytest.raises(RateLimited):
        writer("generateContent").whole([TextDelta("a"), Failed(RateLimited("slow"))])


def test_a_heartbeat_is_a_chunk_that_says_nothing() -> None:
    """Google's clients take a comment for broken JSON; an array has no form for it."""
    assert parts(records(writer().heartbeat)[0]) == [{"text": ""}]
    assert writer(alt="json").heartbeat == b""


def test_vectors_come_one_or_many() -> None:
    """As the method was called."""
    said: list[Event] = [Started(), Vectors(((1.0, 2.0),)), Usage(input=3), Done()]
    one = SERVED.writer(SERVED.outline(*request({"content": user("a")}, "embedContent")), STAMP)
    many = SERVED.writer(SERVED.outline(*request({"requests": []}, "batchEmbedContents")), STAMP)

    assert json.loads(one.whole(said)) == {
        "embedding": {"values": [1.0, 2.0]},
        "usageMetadata": {"promptTokenCount": 3},
    }
    assert json.loads(many.whole(said))["embeddings"] == [{"values": [1.0, 2.0]}]


TEXTS = st.text(min_size=1, max_size=12)
PIECES = st.one_of(
    TEXTS.map(TextDelta),
    TEXTS.map(ThinkingDelta),
    st.just(ThinkingSealed("c2ln", NAME)),
    st.just(Citation("https://a.example/", "A")),
)


@given(st.lists(PIECES, max_size=8), st.lists(st.sampled_from("fg"), max_size=3), st.sampled_from(["sse", "json"]))
def test_what_is_written_is_read_as_what_was_meant(said: list[Event], names: list[str], alt: str) -> None:
    """Our reader takes our writer's stream for what went in, in both forms; sources are told at the end."""
    calls: list[Event] = [
        ToolCallDelta(number, '{"x":1}', f"c{number}", name, whole=True, opaque="c2ln", producer=NAME)
        for number, name in enumerate(names)
    ]
    end: list[Event] = [Finished("tool_calls" if names else "stop", "STOP"), Usage(input=1, output=2), Done()]

    stream = writer(alt=alt).stream([*said, *calls, *end])
    reader = CALLED.reader("chat", None, NEW, head())
    read = [event for frame in (*reader.feed(stream), *reader.close()) for event in frame.events]

    cited = [event for event in dict.fromkeys(said) if isinstance(event, Citation)]
    spoken = [event for event in said if not isinstance(event, Citation)]
    assert read[1:] == [*spoken, *calls, *cited, *end]
    assert reader.finished
