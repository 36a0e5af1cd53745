"""Conversations and answers as hypothesis invents them: what people say, and what models answer."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from hearth.chat import ChatRequest, Knobs, Message, Text, Tool, ToolCall, ToolResult
from hearth.conformance.meanings import CITY, said
from hearth.events import Done, Event, Finished, FinishReason, Started, TextDelta, ToolCallDelta, Usage

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
TOOL_NAMES = st.sampled_from(["get_weather", "look_up", "now"])
ARGUMENTS = st.dictionaries(st.sampled_from(["city", "day"]), WORDS, max_size=2)


@st.composite
def conversations(draw: st.DrawFn) -> ChatRequest:
    """A system's words perhaps, then people and model in turn, with calls and their results, ending with a person."""
    messages = [said("system", draw(WORDS))] if draw(st.booleans()) else []
    for turn in range(draw(st.integers(0, 3))):
        messages.append(said("user", draw(WORDS)))
        messages += _called(draw, turn) if draw(st.booleans()) else [said("assistant", draw(WORDS))]
    if messages and messages[-1].role == "tool":
        messages.append(said("assistant", draw(WORDS)))
    messages.append(said("user", draw(WORDS)))
    tools = tuple(Tool(name, "Does it", CITY) for name in ("get_weather", "look_up", "now"))
    return ChatRequest(tuple(messages), Knobs(max_tokens=draw(st.integers(1, 4000))), tools)


def _called(draw: st.DrawFn, turn: int) -> list[Message]:
    """One to three calls in one turn, and what came of them in the same order."""
    names = draw(st.lists(TOOL_NAMES, min_size=1, max_size=3))
    ids = [f"call_{turn}{place}abc" for place in range(len(names))]
    calls = [ToolCall(id, name, json.dumps(draw(ARGUMENTS))) for id, name in zip(ids, names, strict=True)]
    results = [
        Message("tool", (ToolResult(id, (Text(draw(WORDS)),), name),)) for id, name in zip(ids, names, strict=True)
    ]
    return [Message("assistant", tuple(calls)), *results]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """A reply in the order of all replies: words, whole calls, one reason, counts, the end."""
    events: list[Event] = [Started("reply-1", "some-model")]
    events += [TextDelta(text) for text in draw(st.lists(WORDS, max_size=4))]
    calls = draw(st.lists(st.tuples(TOOL_NAMES, ARGUMENTS), max_size=2))
    for index, (name, arguments) in enumerate(calls):
        events.append(ToolCallDelta(index, json.dumps(arguments), f"call_{index}abc", name, whole=True))
    plain: list[FinishReason] = ["stop", "length"]
    reason = "tool_calls" if calls else draw(st.sampled_from(plain))
    counts = Usage(draw(st.integers(1, 10**6)), draw(st.integers(1, 10**6)))
    return [*events, Finished(reason, reason), counts, Done()]
