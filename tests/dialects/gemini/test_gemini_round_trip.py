"""A conversation written for a Gemini and read back from it is the same."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from dialects.gemini.gemini_wire import NEW, OLD
from hearth.chat import (
    ChatRequest,
    Knobs,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini import CALLED, SERVED
from hearth.dialects.gemini.seals import NAME

TEXTS = st.text(min_size=1, max_size=20)

NAMES = st.sampled_from(["f", "g", "get_weather"])

OBJECTS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3).map(
    lambda found: json.dumps(found, ensure_ascii=False, separators=(",", ":"))
)

SEALED = st.builds(Thinking, TEXTS, st.sampled_from(["c2ln", "YWJj"]), st.just(NAME))


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Turns as a Gemini has them: user and model by turns, calls answered, everything sealed."""
    turns: list[Message] = [Message("system", (Text(draw(TEXTS)),))] if draw(st.booleans()) else []
    for number in range(draw(st.integers(1, 3))):
        turns.append(Message("user", (Text(draw(TEXTS)),)))
        said = tuple(draw(st.lists(SEALED, max_size=1))) + tuple(map(Text, draw(st.lists(TEXTS, max_size=1))))
        calls = tuple(
            ToolCall(f"c{number}{place}", name, draw(OBJECTS), "c2ln" if place == 0 else "", NAME if place == 0 else "")
            for place, name in enumerate(draw(st.lists(NAMES, max_size=2)))
        )
        if said or calls:
            turns.append(Message("assistant", (*said, *calls)))
        if calls:
            turns.append(
                Message(
                    "tool",
                    tuple(ToolResult(call.id, (Text(draw(TEXTS)),), call.name, draw(st.booleans())) for call in calls),
                )
            )
    return tuple(turns)


@given(conversations(), st.sampled_from([NEW, OLD]))
def test_a_conversation_written_and_read_is_the_same(turns: tuple[Message, ...], to: Destination) -> None:
    """What goes out is what comes in: roles, seals, calls and answers."""
    request = ChatRequest(_joined(turns), knobs=Knobs(temperature=0.5, max_tokens=3))

    sent = CALLED.request(request, to, stream=False)
    back = SERVED.read("generateContent", {"model": raw("m"), **_members(sent.body)})

    assert isinstance(back, ChatRequest)
    assert _plain(back.messages) == _plain(request.messages)
    assert back.knobs == request.knobs


def _members(sent: bytes) -> dict[str, Raw]:
    return {name: raw(value) for name, value in json.loads(sent).items()}


def _joined(turns: tuple[Message, ...]) -> tuple[Message, ...]:
    """Leave out turns that a Gemini would join with the one before."""
    kept: list[Message] = []
    for turn in turns:
        if kept and {kept[-1].role, turn.role} <= {"user", "tool"}:
            kept.append(Message("assistant", (Text("ok"),)))
        kept.append(turn)
    return tuple(kept)


def _plain(messages: tuple[Message, ...]) -> list[Any]:
    """Parse what is JSON, since blanks and escapes may differ; a text that is an object stays one."""

    def part(one: Any) -> Any:  # noqa: ANN401 -- a part of any kind
        if isinstance(one, ToolCall):
            return ("call", one.id, one.name, json.loads(one.arguments), one.opaque)
        if isinstance(one, ToolResult):
            return (
                "result",
                one.call_id,
                one.name,
                [text.text for text in one.parts if isinstance(text, Text)],
                one.is_error,
            )
        return one

    return [(message.role, [part(one) for one in message.parts]) for message in messages]
