"""Recorded replies of a real Ollama: read to their meaning, whole in any pieces, never finished when cut."""

import json
from itertools import pairwise

import ollama
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.golden import named
from dialects.ollama.ollama_golden import (
    HERE,
    Recording,
    answered,
    comparable,
    events_of,
    frames_of,
    reader_of,
    recording,
    recordings,
    rewritten,
)
from hearth.dialects.dialect import Head
from hearth.dialects.ollama import CALLED, SERVED
from hearth.events import (
    Done,
    Failed,
    Finished,
    LogProbs,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, Problem, ProviderFault

REPLIES = [one for one in recordings() if one.head.status == 200]
TYPES: dict[
    str, type[ollama.ChatResponse | ollama.GenerateResponse | ollama.EmbedResponse | ollama.EmbeddingsResponse]
] = {
    "chat": ollama.ChatResponse,
    "generate": ollama.GenerateResponse,
    "embed": ollama.EmbedResponse,
    "embeddings": ollama.EmbeddingsResponse,
}


@pytest.mark.parametrize("one", [one for one in answered() if one.name != "chat-tool-calls-two-stream"], ids=named)
def test_a_reply_is_written_again_as_it_was(one: Recording) -> None:
    """Read to its meaning and written again, a reply is the same, byte for byte: order of fields, escapes, figures.

    Two calls in one object are the exception: they are written as two objects, which Ollama's other path does too.
    """
    assert comparable(rewritten(one)) == comparable(one.body)


@pytest.mark.parametrize("one", answered(), ids=named)
def test_the_official_client_reads_what_is_written(one: Recording) -> None:
    """Every line written is accepted by the types of ollama-python."""
    kind = TYPES[one.route]

    lines = rewritten(one).decode().splitlines()

    assert lines
    for line in lines:
        kind.model_validate_json(line)


@pytest.mark.parametrize("one", REPLIES, ids=named)
def test_a_cut_reply_is_never_finished(one: Recording) -> None:
    """F6: a reply that ends early, at whichever byte, is no finished one, and its last frame says that it was cut."""
    for end in range(len(one.body)):
        reader = reader_of(one)
        frames = reader.feed(one.body[:end]) + reader.close()

        assert not reader.finished, end
        assert isinstance(frames[-1].events[-1], Failed), end
        assert b"".join(frame.raw for frame in frames) == one.body[:end]


@pytest.mark.parametrize("one", REPLIES, ids=named)
def test_a_split_reply_is_the_same(one: Recording) -> None:
    """F9: a reply that arrives in two pieces, split at any byte, gives the same frames."""
    whole = frames_of(one)

    for at in range(len(one.body) + 1):
        assert frames_of(one, [one.body[:at], one.body[at:]]) == whole


@given(st.sampled_from(REPLIES), st.lists(st.integers(0, 5000), max_size=9))
def test_a_reply_in_any_pieces_is_the_same(one: Recording, cuts: list[int]) -> None:
    """F9, F11: however the bytes of a reply arrive, its frames are the same and lose nothing."""
    edges = sorted({0, len(one.body), *(cut % (len(one.body) + 1) for cut in cuts)})

    frames = frames_of(one, [one.body[start:end] for start, end in pairwise(edges)])

    assert frames == frames_of(one)
    assert b"".join(frame.raw for frame in frames) == one.body


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode),
    st.sampled_from(["application/x-ndjson", "application/json"]),
)
def test_garbage_never_raises(data: bytes, kind: str) -> None:
    """F9: whatever comes back, the reader answers with frames that hold all of its bytes and with no finish."""
    reader = CALLED.reader("chat", None, HERE, Head(200, (("Content-Type", kind),)))

    frames = reader.feed(data) + reader.close()

    assert b"".join(frame.raw for frame in frames) == data
    assert not reader.finished


def test_a_plain_stream() -> None:
    """Text comes piece by piece; the last object tells usage, the reason and that it is done."""
    events = events_of(recording("chat-plain-stream"))

    assert events[0] == Started(model="scripted", created=1795250431)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "Hello! I am a small test model."
    assert events[-3:] == [
        Usage(input=21, output=10, total_ns=14314870, load_ns=972230, input_ns=4485000, output_ns=1691000),
        Finished("stop", "stop"),
        Done(),
    ]


def test_two_calls_in_one_object() -> None:
    """Calls of one object are numbered by arrival, each whole, and the reason is that tools are called (pain 18)."""
    events = events_of(recording("chat-tool-calls-two-stream"))

    calls = [event for event in events if isinstance(event, ToolCallDelta)]
    assert [(call.index, call.name, call.arguments, call.whole) for call in calls] == [
        (0, "get_weather", '{"city":"Paris"}', True),
        (1, "get_weather", '{"city":"Rome"}', True),
    ]
    assert Finished("tool_calls", "stop") in events


def test_two_calls_in_two_objects() -> None:
    """Calls of separate objects are numbered on."""
    events = events_of(recording("chat-tool-calls-two-templated-stream"))

    assert [event.index for event in events if isinstance(event, ToolCallDelta)] == [0, 1]


def test_thinking_is_apart_from_text() -> None:
    """What the model thought is never among its words (pain 19)."""
    events = events_of(recording("chat-think-stream"))

    thought = "".join(event.text for event in events if isinstance(event, ThinkingDelta))
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    assert (thought, text) == ("The user asks why.\n\n", "Because of Rayleigh scattering.  ")


def test_probabilities_stay_with_their_text() -> None:
    """Token probabilities follow the text they belong to."""
    first = frames_of(recording("chat-logprobs-stream"))[0]

    assert [type(event) for event in first.events] == [Started, TextDelta, LogProbs]


def test_a_load_has_no_usage() -> None:
    """The answer to a request without messages is a reason of its own; it counts nothing."""
    events = events_of(recording("chat-load-stream"))

    assert events[1:] == [Finished("load", "load"), Done()]


def test_an_unload() -> None:
    """So is the answer to a request to let the model go."""
    assert Finished("unload", "unload") in events_of(recording("generate-unload"))


def test_a_limit_is_a_length() -> None:
    """An answer cut at the token limit says so."""
    assert Finished("length", "length") in events_of(recording("chat-options"))


def test_vectors() -> None:
    """Both embedding routes give vectors."""
    new = [event for event in events_of(recording("embed-single")) if isinstance(event, Vectors)]
    old = [event for event in events_of(recording("embeddings")) if isinstance(event, Vectors)]

    assert [len(event.vectors[0]) for event in new + old] == [16, 16]


def test_no_input_gives_no_vectors() -> None:
    """An embedding request without input only loads: it has no vectors, in either form."""
    assert Vectors(()) in events_of(recording("embed-empty-string"))
    assert Vectors(()) in events_of(recording("embeddings-empty"))


def test_an_answer_broken_off_is_not_whole() -> None:
    """Ollama stops in silence when a model repeats itself: a whole body with `done:false` is cut, its text is kept."""
    events = events_of(recording("chat-repeat-abort-templated"))

    assert isinstance(events[1], TextDelta)
    assert isinstance(events[-1], Failed)
    assert isinstance(events[-1].problem, BrokenReply)


def test_an_error_in_the_stream() -> None:
    """F8: the last line of a stream whose runner died is the provider's fault, and the stream is not finished."""
    one = recording("runner-dies-mid-stream")
    reader = reader_of(one)

    frames = reader.feed(one.body)

    assert frames[-1].events == (
        Failed(
            ProviderFault(
                "an error was encountered while running the model: unexpected EOF",
                who="ollama",
                raw=frames[-1].raw,
            )
        ),
    )
    assert reader.close() == []
    assert not reader.finished


def test_a_look_at_the_template_is_finished() -> None:
    """`_debug_render_only` answers without generating: nothing was cut."""
    events = events_of(recording("chat-debug-render-templated-stream"))

    assert events[-1] == Done()


@pytest.mark.parametrize("one", answered(), ids=named)
def test_the_recorded_request_has_a_meaning(one: Recording) -> None:
    """Every request that Ollama answered is read; what only an Ollama can do is refused by name, never dropped."""
    only_ollama = ("template", "context")

    try:
        SERVED.read(one.route, one.members)
    except Problem as problem:
        assert problem.param in only_ollama  # noqa: PT017 -- most recordings raise nothing


def test_lines_are_what_the_client_splits() -> None:
    """Python's own splitting, which ollama-python relies on, finds as many lines as were written (F9)."""
    body = rewritten(recording("chat-unicode-stream")).decode()

    assert [json.loads(line) for line in body.splitlines()] == [json.loads(line) for line in body.split("\n")[:-1]]
