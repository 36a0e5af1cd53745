"""Clients of Cohere: their requests read, and replies in the events their SDK expects."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects.cohere.cohere_examples import JSON, STAMP, TO, meaning, members
from hearth.chat import (
    ChatRequest,
    EmbedRequest,
    Image,
    Message,
    Reasoning,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import join
from hearth.dialects.cohere import CALLED, SERVED
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BadRequest, Overloaded, RateLimited, UnknownModel, Unsupported

USER = {"role": "user", "content": "Hi"}


def test_a_request_is_read_to_its_meaning() -> None:
    """All of it: turns, documents of tools, tools, knobs and thinking."""
    given_ = members(
        model="m",
        messages=[
            {"role": "system", "content": "S"},
            {"role": "user", "content": [
                {"type": "text", "text": "T"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
            {"role": "assistant", "tool_plan": "look", "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]},
            {"role": "tool", "tool_call_id": "c", "content": [
                {"type": "document", "document": {"data": {"t": 1}}}, {"type": "text", "text": "x"}]},
        ],
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        tool_choice="REQUIRED", p=0.5, k=3, stop_sequences=["END"], thinking={"type": "enabled", "token_budget": 2000},
    )  # fmt: skip

    read = SERVED.read("chat", given_)

    assert isinstance(read, ChatRequest)
    assert read.messages == (
        Message("system", (Text("S"),)),
        Message("user", (Text("T"), Image("AA", "image/png"))),
        Message("assistant", (Thinking("look"), ToolCall("c", "f", '{"a":1}'))),
        Message("tool", (ToolResult("c", (Text('{"t":1}\nx'),), "f"),)),
    )
    assert read.tool_choice == ToolChoice("required")
    assert (read.knobs.top_p, read.knobs.top_k, read.knobs.stop) == (0.5, 3, ("END",))
    assert read.reasoning == Reasoning(on=True, effort="low")


def test_planning_learns_what_is_needed() -> None:
    """Features, and by name what nobody but Cohere has."""
    given_ = members(
        model="m",
        messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}],
        tools=[{"type": "function", "function": {"name": "f"}}],
        documents=["d"],
        safety_mode="STRICT",
        stream=True,
    )

    outline = SERVED.outline("chat", given_)

    assert outline.needs == {"images", "tools"}
    assert outline.native == ("documents", "safety_mode STRICT")
    assert (outline.images, outline.stream) == (1, True)


def test_embeddings_of_other_types_are_coheres_alone() -> None:
    """int8 has no other form; floats have."""
    outline = SERVED.outline("embed", members(model="m", texts=["a"], embedding_types=["float", "int8"]))
    read = SERVED.read("embed", members(model="m", texts=["a"], output_dimension=8, input_type="clustering"))

    assert outline.native == ("embedding_types int8",)
    assert isinstance(read, EmbedRequest)
    assert (read.inputs, read.dimensions, [*read.unknown]) == (("a",), 8, ["input_type"])


@pytest.mark.parametrize(
    ("route", "given_"),
    [
        ("chat", {"messages": [USER]}),
        ("chat", {"model": "m", "messages": []}),
        ("chat", {"model": "m", "messages": [{"role": "chatbot", "content": "x"}]}),
        ("chat", {"model": "m", "messages": [{"role": "user", "content": 7}]}),
        ("chat", {"model": "m", "messages": [USER], "tool_choice": "auto"}),
        ("embed", {"model": "m", "texts": []}),
    ],
)
def test_what_cannot_be_read_is_refused(route: str, given_: dict[str, Any]) -> None:
    """With the words of what is wrong, at the outline or at the whole reading."""
    with pytest.raises(BadRequest):
        _read_all(route, given_)


def _read_all(route: str, given_: dict[str, Any]) -> Request:
    SERVED.outline(route, members(**given_))
    return SERVED.read(route, members(**given_))


def test_parts_that_nobody_knows_are_refused() -> None:
    """A video is not dropped."""
    with pytest.raises(Unsupported):
        _read_all("chat", {"model": "m", "messages": [{"role": "user", "content": [{"type": "video"}]}]})


def test_what_is_read_is_written_back_as_it_was() -> None:
    """A request through its meaning is the same request."""
    given_ = members(
        model="command-a", messages=[USER], stream=True, temperature=0.3, seed=1, max_tokens=5,
        response_format={"type": "json_object", "json_schema": {"type": "object"}}, thinking={"type": "disabled"},
    )  # fmt: skip

    again = CALLED.request(SERVED.read("chat", given_), TO, stream=True)

    assert json.loads(again.body) == json.loads(join(given_))


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """Thinking and text in turns, then calls, an end, counts."""
    words = st.text(min_size=1, max_size=8)
    said: list[Event] = draw(st.lists(st.builds(TextDelta, words) | st.builds(ThinkingDelta, words), max_size=5))
    for index in range(draw(st.integers(0, 3))):
        said.append(ToolCallDelta(index, "", f"id{index}", draw(st.sampled_from(["f", "g_h"]))))
        said += [ToolCallDelta(index, piece) for piece in ('{"a":', draw(st.sampled_from(["1}", '"ü"}'])))]
    called = any(isinstance(event, ToolCallDelta) for event in said)
    short: FinishReason = "length" if draw(st.booleans()) else "stop"
    return [*said, Finished("tool_calls" if called else short), Usage(input=3, output=2), Done()]


def _sums(events: list[Event]) -> list[object]:
    """Return what a reply says, whatever pieces it came in."""
    texts = {kind: "".join(one.text for one in events if type(one) is kind) for kind in (TextDelta, ThinkingDelta)}
    calls: dict[int, list[str]] = {}
    for one in events:
        if isinstance(one, ToolCallDelta):
            call = calls.setdefault(one.index, ["", "", ""])
            calls[one.index] = [call[0] + one.id, call[1] + one.name, call[2] + one.arguments]
    ends = [one.reason for one in events if isinstance(one, Finished)]
    return [texts, calls, ends, [one for one in events if isinstance(one, Usage)], events[-1]]


def _writer(*, stream: bool) -> Any:  # noqa: ANN401 -- a writer
    return SERVED.writer(SERVED.outline("chat", members(model="m", messages=[USER], stream=stream)), STAMP)


@given(replies())
def test_what_is_streamed_is_read_again(said: list[Event]) -> None:
    """Whatever a model says, our own reader finds it in what our writer wrote, piece by piece."""
    writer = _writer(stream=True)

    again = meaning(*[writer.stream([one]) for one in said])

    assert _sums(again) == _sums(said)


@given(replies())
def test_what_is_written_whole_is_read_again(said: list[Event]) -> None:
    """The same for whole replies."""
    again = meaning(_writer(stream=False).whole(said), head=JSON)

    assert _sums(again) == _sums(said)


@given(replies())
def test_a_stream_is_strict(said: list[Event]) -> None:
    """One start, blocks numbered from 0 and closed before the next, one end; a stream without its end is no whole."""
    writer = _writer(stream=True)
    data = b"".join(writer.stream([one]) for one in said)
    events = [json.loads(line[6:]) for line in data.split(b"\n") if line.startswith(b"data: ")]

    kinds = [one["type"] for one in events]
    opened: int | None = None
    count = 0
    for one in events:
        if one["type"] == "content-start":
            assert (opened, one["index"]) == (None, count)
            opened, count = count, count + 1
        elif one["type"] == "content-delta":
            assert one["index"] == opened
        elif one["type"] == "content-end":
            assert one["index"] == opened
            opened = None
    assert (kinds[0], kinds[-1], opened) == ("message-start", "message-end", None)
    assert kinds.count("tool-call-start") == kinds.count("tool-call-end")
    assert isinstance(meaning(writer.stream(said[:-1]))[-1], Failed)


def test_a_failure_is_never_an_end() -> None:
    """In a stream it is the reason ERROR, whole it is raised, alone it is a reply with its status."""
    problem = Overloaded("busy", who="box", retry_after=2.5)

    end = meaning(_writer(stream=True).failed(problem))[-1]
    with pytest.raises(Overloaded):
        _writer(stream=False).whole([TextDelta("a"), Failed(problem)])
    rendered = SERVED.problem(problem)

    assert isinstance(end, Failed)
    assert "busy" in end.problem.message
    assert (rendered.status, dict(rendered.headers)["Retry-After"]) == (503, "3")
    assert json.loads(rendered.body) == {"message": "box: busy"}


def test_coheres_own_errors_pass_as_they_came() -> None:
    """Its body when the status is the same; anybody else's is told in its form."""
    own = b'{"id":"x","message":"slow down"}'
    foreign = b'{"error":{"message":"slow down","type":"t"}}'

    passed = SERVED.problem(RateLimited("m", who="c", upstream_status=429, raw=own))
    told = SERVED.problem(RateLimited("m", who="o", upstream_status=429, raw=foreign))

    assert passed.body == own
    assert json.loads(told.body) == {"message": "o: m"}
    assert SERVED.problem(UnknownModel("no")).status == 404


def test_vectors_are_written_as_floats() -> None:
    """With the type of reply that the SDK looks for, and the counts where they are known."""
    writer = SERVED.writer(SERVED.outline("embed", members(model="m", texts=["a"])), STAMP)

    found = json.loads(writer.whole([Vectors(((0.5, 1.0),)), Usage(input=2), Done()]))

    assert found["embeddings"] == {"float": [[0.5, 1.0]]}
    assert found["response_type"] == "embeddings_by_type"
    assert found["meta"]["billed_units"] == {"input_tokens": 2}
