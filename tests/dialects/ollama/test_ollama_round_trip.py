"""What is written is read back: any events, any text, any way of cutting."""

import json
from collections.abc import Iterable
from itertools import pairwise

import msgspec
import ollama
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from dialects.ollama.ollama_golden import HERE, STAMP
from hearth.call import Outline
from hearth.dialects.dialect import Head
from hearth.dialects.ollama import CALLED, SERVED
from hearth.events import (
    Done,
    Event,
    Finished,
    LogProbs,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)

TEXT = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["\u2028", "\u2029\u0085", "\x1c\x1d\x1e", "<b>&amp;</b>", "\x00", '"\\']
)
ARGUMENTS = st.dictionaries(TEXT, st.none() | st.integers() | TEXT | st.lists(TEXT), max_size=3).map(
    msgspec.json.encode
)
COUNTS = st.none() | st.integers(1, 10**12)
USAGE = st.builds(
    Usage, input=COUNTS, output=COUNTS, total_ns=COUNTS, load_ns=COUNTS, input_ns=COUNTS, output_ns=COUNTS
)
LOGPROBS = st.lists(st.fixed_dictionaries({"token": TEXT, "logprob": st.floats(-40, 0)}), min_size=1, max_size=2)
CALLS = st.builds(
    lambda name, call, arguments: ToolCallDelta(0, arguments.decode(), id=call, name=name, whole=True),
    TEXT,
    st.just("") | TEXT,
    ARGUMENTS,
)
CONTENT = (
    TEXT.map(TextDelta)
    | TEXT.map(ThinkingDelta)
    | CALLS
    | LOGPROBS.map(lambda found: LogProbs(Raw(msgspec.json.encode(found))))
)


def numbered(events: Iterable[Event], *, tools: bool = True) -> list[Event]:
    """The events with their calls numbered by arrival."""
    numbered: list[Event] = []
    count = 0
    for event in events:
        if not isinstance(event, ToolCallDelta):
            numbered.append(event)
        elif tools:
            numbered.append(msgspec.structs.replace(event, index=count))
            count += 1
    return numbered


def meaning(events: Iterable[Event]) -> tuple[object, ...]:
    """What events say in the end, however they were cut into pieces."""
    listed = list(events)
    return (
        "".join(event.text for event in listed if isinstance(event, TextDelta)),
        "".join(event.text for event in listed if isinstance(event, ThinkingDelta)),
        [(one.index, one.id, one.name, json.loads(one.arguments)) for one in listed if isinstance(one, ToolCallDelta)],
        [token for one in listed if isinstance(one, LogProbs) for token in json.loads(bytes(one.content))],
        [
            one
            for one in listed
            if isinstance(one, Usage) and one != Usage() and any((one.total_ns, one.input, one.output))
        ],
        [one.reason for one in listed if isinstance(one, Finished)],
        [one for one in listed if isinstance(one, Vectors)],
        listed[-1],
    )


def read_back(outline: Outline, kind: str, body: bytes) -> list[Event]:
    reader = CALLED.reader(outline.operation, None, HERE, Head(200, (("Content-Type", kind),)))
    frames = reader.feed(body) + reader.close()
    assert reader.finished
    return [event for frame in frames for event in frame.events]


@given(
    st.lists(CONTENT, max_size=8),
    USAGE,
    st.sampled_from(["chat", "generate"]),
    st.lists(st.integers(0, 10), max_size=4),
)
def test_streams(content: list[Event], usage: Usage, route: str, batches: list[int]) -> None:
    """A stream written from events in any batches is read back to the same meaning, and the SDK reads it too."""
    chat = route == "chat"
    content = numbered(content, tools=chat)
    calls = any(isinstance(event, ToolCallDelta) for event in content)
    events = [Started(), *content, usage, Finished("tool_calls" if calls else "stop"), Done()]
    outline = Outline(route, "chat" if chat else "complete", "m", stream=True)
    writer = SERVED.writer(outline, STAMP)
    edges = [0, *sorted(min(at, len(events)) for at in batches), len(events)]

    body = b"".join(writer.stream(events[start:end]) for start, end in pairwise(edges))

    assert meaning(read_back(outline, "application/x-ndjson", body)) == meaning(events)
    for line in body.decode().splitlines():
        (ollama.ChatResponse if chat else ollama.GenerateResponse).model_validate_json(line)


@given(st.lists(CONTENT, max_size=8), USAGE, st.sampled_from(["chat", "generate"]))
def test_whole_replies(content: list[Event], usage: Usage, route: str) -> None:
    """The same for a whole reply."""
    content = numbered(content)
    calls = any(isinstance(event, ToolCallDelta) for event in content)
    events = [*content, usage, Finished("tool_calls" if calls else "length"), Done()]
    outline = Outline(route, "chat" if route == "chat" else "complete", "m", stream=False)

    body = SERVED.writer(outline, STAMP).whole(events)

    assert meaning(read_back(outline, "application/json; charset=utf-8", body)) == meaning(events)
    (ollama.ChatResponse if route == "chat" else ollama.GenerateResponse).model_validate_json(body)


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=4), max_size=3))
def test_vectors(vectors: list[list[float]]) -> None:
    """Numbers of vectors survive exactly."""
    outline = Outline("embed", "embed", "m", stream=False)
    events: list[Event] = [Vectors(tuple(map(tuple, vectors))), Done()]

    body = SERVED.writer(outline, STAMP).whole(events)

    assert meaning(read_back(outline, "application/json", body)) == meaning(events)
    ollama.EmbedResponse.model_validate_json(body)


@given(st.text(st.characters(), max_size=20))
def test_any_text_at_all(text: str) -> None:
    """F30: even half a surrogate pair is written as something that clients read."""
    line = SERVED.writer(Outline("chat", "chat", "m", stream=True), STAMP).stream([TextDelta(text or "x")])

    assert len(line.decode().splitlines()) == 1
    assert json.loads(line)["message"]["content"]
