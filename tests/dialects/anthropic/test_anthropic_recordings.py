"""Recorded replies of real servers: read to their meaning, whole in any pieces, and never finished when cut."""

import json

import msgspec
import pytest
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from dialects.anthropic.anthropic_golden import (
    BOX,
    Recording,
    events,
    frames,
    json_head,
    parsed,
    recording,
    recordings,
    sse_head,
    written,
)
from dialects.golden import named
from hearth.chat import ChatRequest, Reasoning, Request
from hearth.dialects.anthropic import CALLED, SERVED
from hearth.dialects.anthropic.models import read_models
from hearth.dialects.body import cut
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import ContextTooLong, Problem, ProviderFault, ProviderRefusal

ANSWERED = [one for one in recordings() if one.answered]
STREAMS = [one for one in ANSWERED if one.streamed]
WHOLE = [one for one in ANSWERED if not one.streamed]
REFUSED = [one for one in recordings() if one.head.status >= 400]
STREAM_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)


def joined(said: list[Event]) -> dict[str, str]:
    """All text by kind, and the end."""
    out: dict[str, str] = {}
    for event in said:
        match event:
            case TextDelta(text=text) | ThinkingDelta(text=text):
                out[type(event).__name__] = out.get(type(event).__name__, "") + text
            case ThinkingSealed(opaque=opaque):
                out["seal"] = opaque
            case ToolCallDelta():
                key = f"call {event.index}"
                out[key] = out.get(key, "") + event.id + event.name + event.arguments
            case Finished():
                out["finish"] = event.reason + event.sequence
    return out


def counts(said: list[Event]) -> tuple[int | None, ...]:
    """Input, output and cached tokens as the last usage says them."""
    found = [event for event in said if isinstance(event, Usage)]
    return (found[-1].input, found[-1].output, found[-1].cached or 0) if found else ()


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_the_bytes_of_a_reply_pass_unchanged(one: Recording) -> None:
    """The raws of all frames, joined, are the bytes that came."""
    raws = [frame.raw for frame in frames(one.head, one.body)]

    assert b"".join(raws) == one.body


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_a_complete_reply_is_finished(one: Recording) -> None:
    """A reply that came whole ends in a reason, counts and `Done`."""
    said = events(one.head, one.body)

    assert said[-1] == Done()
    assert not [event for event in said if isinstance(event, Failed)]
    assert sum(isinstance(event, Finished) for event in said) == 1
    assert counts(said)[0]


@pytest.mark.parametrize("one", STREAMS, ids=named)
def test_a_stream_cut_at_any_byte_is_not_finished(one: Recording) -> None:
    """F6: without the whole of its last record no cut leaves anything that looks finished."""
    for length in range(len(one.body.rstrip())):
        reader = CALLED.reader("chat", None, BOX, one.head)
        last = [*reader.feed(one.body[:length]), *reader.close()][-1]

        assert not reader.finished
        assert isinstance(last.events[-1], Failed)


@pytest.mark.parametrize("one", WHOLE, ids=named)
def test_a_whole_reply_cut_at_any_byte_is_not_finished(one: Recording) -> None:
    """F6: half a JSON body is broken, wherever it was cut."""
    for length in range(len(one.body.rstrip())):
        reader = CALLED.reader("chat", None, BOX, one.head)
        last = [*reader.feed(one.body[:length]), *reader.close()][-1]

        assert not reader.finished
        assert isinstance(last.events[-1], Failed)


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_pieces_do_not_matter(one: Recording) -> None:
    """F9: fed byte by byte, or in two pieces cut anywhere, a reply means the same."""
    whole = events(one.head, one.body)
    step = max(1, len(one.body) // 400)

    assert events(one.head, *(bytes((byte,)) for byte in one.body)) == whole
    for place in range(0, len(one.body), step):
        assert events(one.head, one.body[:place], one.body[place:]) == whole


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_a_reply_written_anew_says_the_same(one: Recording) -> None:
    """What was read is written as a stream and as a whole reply that the SDK's types take, and means the same again."""
    said = events(one.head, one.body)

    stream, whole = written(said, stream=True), written(said, stream=False)

    for record in parsed(stream):
        STREAM_EVENT.validate_python(record)
    Message.model_validate_json(whole)
    for head, body in ((sse_head(), stream), (json_head(), whole)):
        again = events(head, body)
        assert joined(again) == joined(said)
        assert counts(again) == counts(said)


@pytest.mark.parametrize("one", REFUSED, ids=named)
def test_an_error_reply_is_a_problem_with_the_servers_words(one: Recording) -> None:
    """Each recorded error becomes a problem that names the provider and renders as an envelope the SDK reads."""
    problem = CALLED.problem(one.head, one.body, "box")
    shown = SERVED.problem(problem)

    body = json.loads(shown.body)
    assert problem.who == "box"
    assert problem.upstream_status == one.head.status
    assert body["type"] == "error"
    assert set(body["error"]) >= {"message", "type"}
    assert shown.status >= 400


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("anthropic/llama-context-overflow-stream", ContextTooLong),
        ("anthropic/ollama-error-too-long", ContextTooLong),
        ("anthropic/ollama-error-missing-max-tokens", ProviderRefusal),
        ("anthropic/ollama-count-tokens", ProviderFault),
    ],
)
def test_an_error_is_known_for_what_it_is(name: str, kind: type[Problem]) -> None:
    """The class of a problem follows what the body says, and the status where it says nothing."""
    one = recording(name)

    problem = CALLED.problem(one.head, one.body, "box")

    assert type(problem) is kind


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_a_recorded_request_is_read(one: Recording) -> None:
    """What real clients sent has an outline and a meaning, and can be sent on to Anthropic in its own form."""
    members = cut(one.request)
    members.setdefault("max_tokens", cut(b'{"n":9}')["n"])

    outline = SERVED.outline("messages", members)
    request = SERVED.read("messages", members)
    again = CALLED.request(request, BOX, stream=outline.stream)

    assert outline.stream == one.streamed
    assert not outline.native
    back = SERVED.read("messages", cut(again.body))
    assert _but_thinking(back) == _but_thinking(request)


def _but_thinking(request: Request) -> Request:
    """A meaning without how hard to think: the few tokens these requests allow leave no room for a budget."""
    assert isinstance(request, ChatRequest)
    return msgspec.structs.replace(request, reasoning=Reasoning())


def test_the_list_of_another_dialect_is_read_too() -> None:
    """Ollama answers an Anthropic client with OpenAI's list; the names are what counts."""
    one = next(one for one in recordings() if one.path == "/v1/models")

    found = read_models(one.body)

    assert "thinker:latest" in {model.name for model in found}
