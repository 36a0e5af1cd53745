"""Recorded replies of real servers: read to their meaning, whole in any pieces, and never finished when cut."""

import json

import pytest
from openai.types.responses import Response

from dialects.golden import named
from dialects.openai_responses.responses_golden import (
    STAMP,
    Recording,
    events,
    frames,
    recording,
    recordings,
    told,
)
from hearth.dialects.body import cut
from hearth.dialects.openai_responses import CALLED, SERVED
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import BrokenReply, ContextTooLong, ModelMissing, ProviderRefusal

ANSWERED = [one for one in recordings() if one.answered]
COMPLETE = [one for one in ANSWERED if one.name != "runner-dies-mid-stream"]
STREAMS = [one for one in COMPLETE if one.streamed]


def _joined(said: list[Event]) -> dict[str, str]:
    """All text by kind; pieces of one call joined."""
    out: dict[str, str] = {}
    for event in said:
        match event:
            case TextDelta(text=text) | ThinkingDelta(text=text):
                out[type(event).__name__] = out.get(type(event).__name__, "") + text
            case ToolCallDelta():
                key = f"call {event.index}"
                out[key] = out.get(key, "") + event.name + event.arguments
            case Finished():
                out["finish"] = event.reason
    return out


@pytest.mark.parametrize("one", ANSWERED, ids=named)
def test_the_bytes_of_a_reply_pass_unchanged(one: Recording) -> None:
    """The raws of all frames, joined, are the bytes that came."""
    raws = [frame.raw for frame in frames(one.head, one.body)]

    assert b"".join(raws) == one.body


@pytest.mark.parametrize("one", COMPLETE, ids=named)
def test_a_complete_reply_is_finished(one: Recording) -> None:
    """A reply that came whole tells its cost and a reason, and ends in `Done`."""
    said = events(one.head, one.body)

    assert said[-1] == Done()
    assert isinstance(said[-2], Finished)
    assert any(isinstance(event, Usage) for event in said)
    assert isinstance(said[0], Started)


def test_a_runner_that_dies_breaks_the_reply() -> None:
    """F6: a stream that stops without its terminal event was cut, however long it was."""
    one = recording("runner-dies-mid-stream")

    said = events(one.head, one.body)

    assert isinstance(said[-1], Failed)
    assert isinstance(said[-1].problem, BrokenReply)


@pytest.mark.parametrize("name", ["ollama-tool-text-then-call-stream", "llama-tool-calls-parallel-stream"])
def test_a_stream_cut_at_any_byte_is_never_finished(name: str) -> None:
    """F6: whatever the place of the cut, the last event is a failure. The last empty line alone may be missing."""
    one = recording(name)
    end = len(one.body.rstrip())

    for place in range(0, end, 3):
        said = events(one.head, one.body[:place])
        assert isinstance(said[-1], Failed), place


@pytest.mark.parametrize("name", ["ollama-reasoning", "llama-tool-calls-parallel"])
def test_a_whole_reply_cut_at_any_byte_is_never_finished(name: str) -> None:
    """F6: half a JSON body is a broken reply."""
    one = recording(name)

    for place in range(len(one.body.rstrip())):
        said = events(one.head, one.body[:place])
        assert isinstance(said[-1], Failed), place


@pytest.mark.parametrize("one", STREAMS, ids=named)
def test_a_stream_means_the_same_in_any_pieces(one: Recording) -> None:
    """Split at every byte, and fed byte by byte, a stream has the same events."""
    whole = events(one.head, one.body)

    assert events(one.head, *(one.body[place : place + 1] for place in range(len(one.body)))) == whole
    for place in range(0, len(one.body), 37):
        assert events(one.head, one.body[:place], one.body[place:]) == whole


@pytest.mark.parametrize("one", [one for one in STREAMS if not one.name.startswith("ollama-empty")], ids=named)
def test_a_stream_and_its_whole_twin_mean_the_same(one: Recording) -> None:
    """The streamed and the whole form of one case say the same text, thinking and calls."""
    name = one.name.removesuffix("-stream")
    if name not in {other.name for other in recordings()} or "text-then-call" in name:
        pytest.skip("there is no whole twin, or the server drops the text from it")
    twin = recording(name)

    assert _joined(events(one.head, one.body)) == _joined(events(twin.head, twin.body))


def test_text_before_a_call_is_told_in_order() -> None:
    """Ollama gives text and call one place, and llama.cpp none at all; neither is lost (wire/ollama §4.3)."""
    expected = {"TextDelta": "Let me look.\n", "finish": "tool_calls"}

    for name, call in (("ollama", 'get_weather{"city":"Paris"}'), ("llama", 'get_weather{"city": "Paris"}')):
        one = recording(f"{name}-tool-text-then-call-stream")
        assert _joined(events(one.head, one.body)) == {**expected, "call 0": call}


def test_thinking_that_is_not_sealed_bears_no_seal() -> None:
    """Ollama repeats the plain thinking as encrypted content, llama.cpp leaves it empty: neither is a seal."""
    for name in ("ollama-reasoning", "ollama-reasoning-stream", "llama-reasoning", "llama-reasoning-tool"):
        one = recording(name)
        said = events(one.head, one.body)
        assert any(isinstance(event, ThinkingDelta) for event in said)
        assert not any(isinstance(event, ThinkingSealed) for event in said)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("llama-context-overflow", ContextTooLong),
        ("llama-context-overflow-stream", ContextTooLong),
        ("ollama-error-unknown-model", ModelMissing),
        ("llama-error-missing-input", ProviderRefusal),
        ("llama-error-previous-response-id", ProviderRefusal),
    ],
)
def test_an_error_is_the_problem_it_is(name: str, kind: type) -> None:
    """Each recorded refusal has its class; its own words stay with it."""
    one = recording(name)

    problem = CALLED.problem(one.head, one.body, "box")

    assert type(problem) is kind
    assert problem.raw == one.body


@pytest.mark.parametrize("one", COMPLETE, ids=named)
def test_what_we_write_of_it_means_the_same(one: Recording) -> None:
    """Read and written again, whole and streamed, a reply keeps all it said, and fits the SDK's type."""
    said = events(one.head, one.body)
    members = cut(one.request)

    whole = SERVED.writer(SERVED.outline("responses", members), STAMP).whole(said)
    stream = SERVED.writer(SERVED.outline("responses", {**members, "stream": b"true"}), STAMP).stream(said)  # type: ignore[dict-item]

    Response.model_validate_json(whole)
    assert _joined(events(one.head, stream)) == _joined(said)
    assert json.loads(whole)["output"] == told(stream)[-1]["response"]["output"]
