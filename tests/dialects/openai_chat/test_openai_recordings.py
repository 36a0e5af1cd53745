"""Recorded replies of real servers: read to their meaning, whole in any pieces, and never finished when cut."""

import json
from typing import Any

import pytest
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from dialects.golden import named
from dialects.openai_chat.openai_golden import (
    BOX,
    ROUTES,
    Recording,
    chunks,
    events,
    frames,
    recording,
    recordings,
    written,
)
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, ContextTooLong, KeyRefused, ModelMissing, Problem, ProviderFault

CUT = ("openai_chat/client-hang-up", "openai_chat/runner-dies-mid-stream", "openai_completions/runner-dies-mid-stream")
ANSWERED = [one for one in recordings() if one.answered]
COMPLETE = [one for one in ANSWERED if one.name not in CUT]
STREAMS = [one for one in COMPLETE if one.streamed]
REFUSED = [one for one in recordings() if one.head.status >= 400]


def _joined(said: list[Event]) -> dict[tuple[str, int], str]:
    """All text by kind and choice."""
    out: dict[tuple[str, int], str] = {}
    for event in said:
        match event:
            case TextDelta(text=text) | ThinkingDelta(text=text) | RefusalDelta(text=text):
                key = (type(event).__name__, event.choice)
                out[key] = out.get(key, "") + text
            case ToolCallDelta():
                key = (f"call {event.index}", event.choice)
                out[key] = out.get(key, "") + event.name + event.arguments
            case Finished():
                out["finish", event.choice] = event.reason
    return out


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_the_bytes_of_a_reply_pass_unchanged(one: Recording) -> None:
    """The raws of all frames, joined, are the bytes that came."""
    raws = [frame.raw for frame in frames(one.operation, one.head, one.body)]

    assert b"".join(raws) == one.body


@pytest.mark.parametrize("one", COMPLETE, ids=named)
def test_a_complete_reply_is_finished(one: Recording) -> None:
    """A reply that came whole ends in `Done`, and each of its choices in a reason."""
    said = events(one.operation, one.head, one.body)

    assert said[-1] == Done()
    assert not [event for event in said if isinstance(event, Failed)]
    assert any(isinstance(event, Finished | Vectors) for event in said)


@pytest.mark.parametrize("name", CUT)
def test_a_reply_that_stops_is_a_failure(name: str) -> None:
    """F6: a hang-up, and a runner that dies without a word, are a broken reply and never a finished one."""
    one = recording(name)

    said = events(one.operation, one.head, one.body)

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, BrokenReply)


@pytest.mark.parametrize("one", STREAMS, ids=named)
def test_a_stream_cut_at_any_byte_is_not_finished(one: Recording) -> None:
    """F6: before the record of the last choice's end is there, no cut leaves anything that looks finished."""
    ends = _end(one)

    for length in range(ends):
        reader = CALLED.reader(one.operation, None, BOX, one.head)
        last = [*reader.feed(one.body[:length]), *reader.close()][-1]

        assert not reader.finished
        assert isinstance(last.events[-1], Failed)


def _end(one: Recording) -> int:
    """Where the record begins that ends the last choice, its last byte before the empty line included."""
    mark = b'"stop":true' if one.path == "/infill" else b'"finish_reason":"'
    start = one.body.rindex(mark)
    return one.body.index(b"\n\n", start)


@pytest.mark.parametrize("one", [one for one in COMPLETE if not one.streamed], ids=named)
def test_a_whole_reply_cut_at_any_byte_is_not_finished(one: Recording) -> None:
    """F6: half a JSON body is broken, wherever it was cut."""
    for length in range(len(one.body.rstrip())):
        reader = CALLED.reader(one.operation, None, BOX, one.head)
        last = [*reader.feed(one.body[:length]), *reader.close()][-1]

        assert not reader.finished
        assert isinstance(last.events[-1], Failed)


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_pieces_do_not_matter(one: Recording) -> None:
    """F9: fed byte by byte, or in two pieces cut anywhere, a reply means the same."""
    whole = events(one.operation, one.head, one.body)
    step = max(1, len(one.body) // 400)

    assert events(one.operation, one.head, *(bytes((byte,)) for byte in one.body)) == whole
    for place in range(0, len(one.body), step):
        assert events(one.operation, one.head, one.body[:place], one.body[place:]) == whole


@pytest.mark.parametrize("one", [one for one in COMPLETE if one.operation == "chat"], ids=named)
def test_a_chat_reply_written_anew_says_the_same(one: Recording) -> None:
    """What was read is written as a stream and as a whole reply that the SDK's types take, and means the same again."""
    said = events("chat", one.head, one.body)
    ask = {"messages": [], "stream_options": {"include_usage": True}}

    stream = written("chat", {**ask, "stream": True}, said)
    whole = written("chat", ask, said)

    for chunk in chunks(stream):
        ChatCompletionChunk.model_validate(chunk)
    ChatCompletion.model_validate_json(whole)
    for body, kind in ((stream, "text/event-stream"), (whole, "application/json")):
        head = type(one.head)(200, (("Content-Type", kind),))
        again = events("chat", head, body)
        assert _comparable(again) == _comparable(said)
        assert _usage(again) == _usage(said)


def _comparable(said: list[Event]) -> dict[tuple[str, int], str]:
    """The meaning, with ends OpenAI has no word for as the word it has."""
    return {key: "stop" if text in ("unknown", "load") else text for key, text in _joined(said).items()}


def _usage(said: list[Event]) -> tuple[int | None, ...]:
    counts = [event for event in said if isinstance(event, Usage)]
    return (counts[-1].input, counts[-1].output, counts[-1].cached) if counts else ()


@pytest.mark.parametrize("one", [one for one in COMPLETE if one.operation == "complete"], ids=named)
def test_a_completion_written_anew_says_the_same(one: Recording) -> None:
    """Completions of both servers, llama.cpp's own form included, become what the SDK's type takes."""
    said = events("complete", one.head, one.body)

    stream = written("completions", {"prompt": "x", "stream": True}, said)
    whole = Completion.model_validate_json(written("completions", {"prompt": "x"}, said))

    texts: dict[int, str] = {}
    for chunk in map(Completion.model_validate, _with_finish(chunks(stream))):
        for choice in chunk.choices:
            texts[choice.index] = texts.get(choice.index, "") + choice.text
    assert texts == {choice.index: choice.text for choice in whole.choices}
    assert {index: text for (_, index), text in _joined(said).items() if _ == "TextDelta"} == {
        index: text for index, text in texts.items() if text
    }


def _with_finish(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The SDK's type for completions demands a reason in each chunk, which no server sends and the SDK never checks."""
    for part in parts:
        for choice in part["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"
    return parts


@pytest.mark.parametrize("one", [one for one in COMPLETE if one.operation == "embed"], ids=named)
@pytest.mark.parametrize("form", ["float", "base64"])
def test_vectors_written_anew_are_the_same(one: Recording, form: str) -> None:
    """Vectors survive both forms; base64 holds 32-bit floats, which is what models make."""
    said = events("embed", one.head, one.body)
    vectors = next(event for event in said if isinstance(event, Vectors)).vectors

    body = written("embeddings", {"input": "x", "encoding_format": form}, said)

    if form == "float":
        CreateEmbeddingResponse.model_validate_json(body)
    again = events("embed", type(one.head)(200, (("Content-Type", "application/json"),)), body)
    found = next(event for event in again if isinstance(event, Vectors)).vectors
    assert [pytest.approx(vector, rel=1e-6) for vector in vectors] == [list(vector) for vector in found]
    assert _usage(again) == _usage(said)


@pytest.mark.parametrize("one", REFUSED, ids=named)
def test_an_error_reply_is_a_problem_with_the_servers_words(one: Recording) -> None:
    """Each recorded error becomes a problem that names the provider and renders as an envelope the SDK reads."""
    problem = CALLED.problem(one.head, one.body, "box")
    shown = SERVED.problem(problem)

    assert problem.who == "box"
    assert problem.upstream_status == one.head.status
    assert set(json.loads(shown.body)["error"]) >= {"message", "type"}
    assert shown.status >= 400


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai_chat/llama-api-key-wrong", KeyRefused),
        ("openai_chat/llama-context-overflow-stream", ContextTooLong),
        ("openai_chat/ollama-error-unknown-model", ModelMissing),
        ("openai_chat/ollama-error-unknown-route", ProviderFault),
        ("openai_embeddings/llama-too-long", ContextTooLong),
    ],
)
def test_an_error_is_known_for_what_it_is(name: str, kind: type[Problem]) -> None:
    """The class of a problem follows what the body says, and the status where it says nothing."""
    one = recording(name)

    problem = CALLED.problem(one.head, one.body, "box")

    assert type(problem) is kind


@pytest.mark.parametrize("one", [one for one in recordings() if one.path in ROUTES and one.answered], ids=named)
def test_a_recorded_request_is_read(one: Recording) -> None:
    """What real clients sent can be outlined; all but prompt lists and token ids have a meaning."""
    from hearth.dialects.body import cut

    members = cut(one.request)
    outline = SERVED.outline(ROUTES[one.path], members)

    assert outline.stream == one.streamed
    assert outline.operation == one.operation
    if "llama-prompt" not in one.name:
        SERVED.read(ROUTES[one.path], members)
