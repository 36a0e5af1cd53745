"""Replies of Google's servers, as documented: what they mean, wherever they are cut or split."""

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.gemini.gemini_wire import NEW, array, chunk, events, frames, head, sse
from hearth.dialects.gemini import CALLED
from hearth.dialects.gemini.seals import NAME
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    LogProbs,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, Overloaded, ProviderFault, RateLimited

Form = Callable[..., bytes]
USAGE = {"promptTokenCount": 7, "candidatesTokenCount": 9, "thoughtsTokenCount": 4, "totalTokenCount": 20}
CHUNKS = (
    chunk({"text": "Hm. ", "thought": True}, usageMetadata={"promptTokenCount": 7, "totalTokenCount": 7}),
    chunk({"text": "Grüße, "}, {"text": "🙂\u2028!"}, modelVersion="gemini-3.5-flash", responseId="r1"),
    chunk({"functionCall": {"name": "f", "args": {"x": 'a"}]\\'}, "id": "c1"}, "thoughtSignature": "c2ln"}),
    chunk({"functionCall": {"name": "g", "args": {}}}, finish="STOP", usageMetadata=USAGE),
)
MEANING: list[Event] = [
    ThinkingDelta("Hm. "),
    Usage(input=7),
    TextDelta("Grüße, "),
    TextDelta("🙂\u2028!"),
    ToolCallDelta(0, '{"x":"a\\"}]\\\\"}', "c1", "f", whole=True, opaque="c2ln", producer=NAME),
    ToolCallDelta(1, "{}", "", "g", whole=True),
    Finished("tool_calls", "STOP"),
    Usage(input=7, output=13, reasoning=4),
    Done(),
]


def _plain(said: list[Event]) -> list[Event]:
    """Write arguments without blanks, which JSON allows anywhere."""
    return [
        ToolCallDelta(
            event.index,
            json.dumps(json.loads(event.arguments), separators=(",", ":")),
            event.id,
            event.name,
            event.whole,
            event.choice,
            event.opaque,
            event.producer,
        )
        if isinstance(event, ToolCallDelta)
        else event
        for event in said
    ]


@pytest.mark.parametrize("form", [sse, array])
def test_a_stream_means_what_it_says(form: Form) -> None:
    """Events, and the one array that a client gets who asks for none: thinking, text, calls with seals, counts."""
    stream = form(*CHUNKS)

    said = _plain(events(stream))

    assert said == MEANING


@pytest.mark.parametrize("form", [sse, array])
def test_a_stream_split_at_any_byte_is_the_same(form: Form) -> None:
    """However the network cuts it, the events are the same, and the raws joined are the bytes that came."""
    stream = form(*CHUNKS)

    for place in range(len(stream)):
        pieces = (stream[:place], stream[place:])
        assert _plain(events(*pieces)) == MEANING
        assert b"".join(frame.raw for frame in frames(*pieces)) == stream


@given(st.lists(st.integers(0, 900), max_size=6), st.sampled_from([sse, array]))
def test_any_pieces_give_the_same(places: list[int], form: Form) -> None:
    """The same for any number of pieces."""
    stream = form(*CHUNKS)
    ends = sorted({min(place, len(stream)) for place in places} | {0, len(stream)})

    pieces = [stream[start:end] for start, end in pairwise(ends)]

    assert _plain(events(*pieces)) == MEANING


@pytest.mark.parametrize("form", [sse, array])
def test_a_stream_cut_before_its_reason_is_never_finished(form: Form) -> None:
    """A Gemini sends no end mark: without a reason, or with the array still open, the reply was cut."""
    stream = form(*CHUNKS)
    last = len(stream) - 1 if form is array else len(stream) - 3

    for place in range(last):
        reader = CALLED.reader("chat", None, NEW, head())
        said = [event for frame in (*reader.feed(stream[:place]), *reader.close()) for event in frame.events]
        assert not reader.finished
        assert isinstance(said[-1], Failed)
        assert isinstance(said[-1].problem, BrokenReply)


def test_a_whole_reply_is_one_frame() -> None:
    """A body that is no stream comes as one frame with all of its meaning."""
    body = json.dumps(chunk({"text": "Hi"}, finish="MAX_TOKENS", usageMetadata=USAGE)).encode()

    (frame,) = frames(body[:5], body[5:])

    assert frame.raw == body
    assert list(frame.events[1:]) == [
        TextDelta("Hi"),
        Finished("length", "MAX_TOKENS"),
        Usage(input=7, output=13, reasoning=4),
        Done(),
    ]


def test_a_whole_reply_cut_anywhere_is_broken() -> None:
    """A body that ends early is never an answer."""
    body = json.dumps(chunk({"text": "Hi"}, finish="STOP")).encode()

    for place in range(len(body)):
        said = events(body[:place])
        assert isinstance(said[-1], Failed)


@pytest.mark.parametrize(
    ("reason", "meaning"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "filter"), ("SPII", "filter"), ("NEW_ONE", "unknown")],
)
def test_reasons_are_mapped(reason: str, meaning: FinishReason) -> None:
    """Known reasons have their meaning, an unknown one is an end all the same (wire/providers §2)."""
    assert events(sse(chunk({"text": "a"}, finish=reason))) == [TextDelta("a"), Finished(meaning, reason), Done()]


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE"])
def test_reasons_that_are_errors_are_failures(reason: str) -> None:
    """What the model could not bring out is an error, so that another target may be asked."""
    (failed,) = events(sse(chunk(finish=reason)))

    assert isinstance(failed, Failed)
    assert isinstance(failed.problem, ProviderFault)
    assert reason in failed.problem.message


def test_a_blocked_prompt_is_an_end_by_the_filter() -> None:
    """`promptFeedback` and no candidate: the prompt was not answered."""
    said = events(sse({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}))

    assert said == [Finished("filter", "SAFETY"), Usage(input=3), Done()]


ERROR = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}


@pytest.mark.parametrize(
    "error",
    [
        json.dumps(ERROR, indent=2).encode(),
        b"[" + json.dumps(ERROR, indent=2).encode() + b"]",
        json.dumps(ERROR, indent=2).replace("\n", "\r\n").encode() + b"\r\n\r\n",
        json.dumps(ERROR, indent=2).replace('"code"', '\n\n"code"').encode(),
        b"data: " + json.dumps(ERROR).encode() + b"\r\n\r\n",
    ],
    ids=["bare", "in an array", "CRLF", "with a blank line", "as an event"],
)
def test_an_error_in_a_stream_is_found_in_any_form(error: bytes) -> None:
    """Google sends errors bare between two events (google-genai reads them so); wherever they are split."""
    stream = sse(chunk({"text": "Hi"})) + error

    for place in range(len(stream)):
        said = events(stream[:place], stream[place:])
        assert said[0] == TextDelta("Hi")
        assert isinstance(said[1], Failed)
        assert isinstance(said[1].problem, Overloaded)
        assert len(said) == 2


def test_an_error_at_the_start_of_an_array_is_a_failure() -> None:
    """The streaming method answers with an array of one error (wire/providers §4.3)."""
    said = events(json.dumps([{"error": {"code": 429, "message": "x", "status": "RESOURCE_EXHAUSTED"}}]).encode())

    assert isinstance(said[0], Failed)
    assert isinstance(said[0].problem, RateLimited)


def test_seals_follow_what_they_seal() -> None:
    """A signature on text, and one that comes alone, are seals of a Gemini."""
    said = events(
        sse(
            chunk({"text": "a", "thoughtSignature": "s1"}), chunk({"text": "", "thoughtSignature": "s2"}, finish="STOP")
        )
    )

    assert said[:3] == [TextDelta("a"), ThinkingSealed("s1", NAME), ThinkingSealed("s2", NAME)]


def test_sources_of_a_grounded_answer_are_citations_once() -> None:
    """Search grounding names pages; the same one again is not said again."""
    grounding = {"groundingChunks": [{"web": {"uri": "https://a.example/", "title": "A"}}, {"web": {"title": "B"}}]}
    first = chunk({"text": "x"})
    first["candidates"][0]["groundingMetadata"] = grounding
    last = chunk(finish="STOP")
    last["candidates"][0] |= {
        "groundingMetadata": grounding,
        "citationMetadata": {"citations": [{"uri": "https://c.example/"}]},
    }

    said = [event for event in events(sse(first, last)) if isinstance(event, Citation)]

    assert said == [Citation("https://a.example/", "A"), Citation("", "B"), Citation("https://c.example/")]


def test_probabilities_are_told_by_token() -> None:
    """Two lists become one of tokens with their rivals."""
    last = chunk({"text": "a"}, finish="STOP")
    last["candidates"][0]["logprobsResult"] = {
        "chosenCandidates": [{"token": "a", "logProbability": -0.5}],
        "topCandidates": [{"candidates": [{"token": "b", "logProbability": -1.5}]}],
    }

    (told,) = [event for event in events(sse(last)) if isinstance(event, LogProbs)]

    assert json.loads(bytes(told.content)) == [
        {"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": [{"token": "b", "logprob": -1.5, "bytes": [98]}]}
    ]


def test_several_candidates_must_all_end() -> None:
    """One of two that never says why it ended was cut."""
    both = (chunk({"text": "a"}), chunk({"text": "b"}, index=1))

    whole = events(sse(*both, chunk(finish="STOP"), chunk(finish="STOP", index=1)))
    cut = events(sse(*both, chunk(finish="STOP")))

    assert whole[-1] == Done()
    assert isinstance(cut[-1], Failed)


@pytest.mark.parametrize(
    "body",
    [
        {"embedding": {"values": [1.0, 2.0]}},
        {"embeddings": [{"values": [1.0, 2.0]}]},
        {"predictions": [{"embeddings": {"values": [1.0, 2.0], "statistics": {"token_count": 3}}}]},
    ],
)
def test_vectors_come_in_three_forms(body: dict[str, Any]) -> None:
    """One vector, a batch, or Vertex's predictions."""
    said = events(json.dumps(body).encode(), operation="embed")

    assert said[0] == Vectors(((1.0, 2.0),))
    assert said[-1] == Done()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(data: bytes) -> None:
    """F9: whatever comes is passed on as it came, and is no answer unless it says so."""
    reader = CALLED.reader("chat", None, NEW, head())

    said = [*reader.feed(data), *reader.close()]

    assert b"".join(frame.raw for frame in said) == data
    assert not reader.finished
