"""The blocks of a streamed reply as a state machine: one start, blocks in order, each stopped, one end (pain 20)."""

import json
from typing import Any

from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dialects.anthropic.anthropic_golden import STAMP, collected, members, parsed, written
from hearth.dialects.anthropic import SERVED
from hearth.dialects.anthropic.seals import REDACTED
from hearth.events import (
    Citation,
    Done,
    Event,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)

STREAM_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
_TEXT = st.text(min_size=1, max_size=8)


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """Any order of text, thoughts, seals, refusals, sources, and calls whose pieces come interleaved."""
    arguments = draw(st.lists(st.dictionaries(_TEXT, _TEXT, max_size=2), max_size=3))
    waiting = [_cut(draw, number, json.dumps(each)) for number, each in enumerate(arguments)]
    events: list[Event] = [Started("x", "m", 1)]
    begun = 0
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(("text", "thought", "seal", "redacted", "refusal", "source", "call", "usage")))
        if kind == "call" and any(waiting):
            ready = [calls for calls in waiting[: begun + 1] if calls]
            chosen = draw(st.sampled_from(ready)) if ready else []
            if chosen:
                piece = chosen.pop(0)
                begun = max(begun, piece.index + 1)
                events.append(piece)
        elif kind != "call":
            events.append(_said(kind, draw(_TEXT)))
    events += [piece for calls in waiting for piece in calls]
    usage = Usage(draw(st.integers(5, 99)), draw(st.integers(0, 99)), draw(st.integers(0, 5)))
    reason: FinishReason = draw(st.sampled_from(("stop", "length", "tool_calls", "filter", "unknown")))
    return [*events, Finished(reason), usage, Done()]


def _cut(draw: st.DrawFn, number: int, arguments: str) -> list[ToolCallDelta]:
    place = draw(st.integers(0, len(arguments)))
    return [
        ToolCallDelta(number, arguments[:place], f"call_{number}", "look"),
        ToolCallDelta(number, arguments[place:]),
    ]


def _said(kind: str, text: str) -> Event:
    events: dict[str, Event] = {
        "text": TextDelta(text),
        "thought": ThinkingDelta(text),
        "seal": ThinkingSealed(text, "gemini"),
        "redacted": ThinkingSealed(REDACTED + text, "anthropic"),
        "refusal": RefusalDelta(text),
        "source": Citation("https://example.org", text),
        "usage": Usage(input=7),
    }
    return events[kind]


@given(replies(), st.integers(1, 5))
def test_a_stream_is_made_of_whole_blocks(said: list[Event], step: int) -> None:
    """Whatever comes in whatever pieces, the stream has one start, blocks one after the other, and one end."""
    writer = SERVED.writer(SERVED.outline("messages", members(stream=True)), STAMP)

    pieces = [writer.stream(said[start : start + step]) for start in range(0, len(said), step)]
    records = parsed(b"".join(pieces))

    for record in records:
        STREAM_EVENT.validate_python(record)
    collected(records)


@given(replies())
def test_a_stream_and_a_whole_reply_say_the_same(said: list[Event]) -> None:
    """Blocks, reason and counts agree between the two forms, and nothing that was said is lost."""
    blocks, end = collected(parsed(written(said, stream=True)))
    whole = json.loads(written(said, stream=False))

    Message.model_validate(whole)
    assert [_as_whole(block) for block in blocks] == whole["content"]
    assert end["usage"] == whole["usage"]
    assert end["delta"]["stop_reason"] == whole["stop_reason"]
    for kind in (TextDelta, ThinkingDelta):
        text = "".join(event.text for event in said if isinstance(event, kind))
        field = "text" if kind is TextDelta else "thinking"
        shown = "".join(block.get(field, "") for block in whole["content"])
        assert text in shown if not any(isinstance(one, RefusalDelta) for one in said) else True


def _as_whole(block: dict[str, Any]) -> dict[str, Any]:
    said = block.pop("said")
    if block["type"] == "tool_use":
        return {**block, "input": json.loads(said or "{}")}
    return block if block["type"] == "redacted_thinking" else {**block, block["type"]: said}


def test_interleaved_calls_come_one_after_the_other() -> None:
    """Pieces of a second call wait until the first is a whole object; then its block ends and the next begins."""
    said: list[Event] = [
        ToolCallDelta(0, '{"city":', "a", "look"),
        ToolCallDelta(1, '{"city":"Rome"}', "b", "look"),
        ToolCallDelta(0, '"Paris"}'),
        Finished("tool_calls"),
        Done(),
    ]

    blocks, end = collected(parsed(written(said, stream=True)))

    assert [(block["id"], block["said"]) for block in blocks] == [("a", '{"city":"Paris"}'), ("b", '{"city":"Rome"}')]
    assert end["delta"]["stop_reason"] == "tool_use"


def test_a_call_is_shown_while_it_comes() -> None:
    """The first pieces of arguments go out before the call is whole: files are written by such calls."""
    writer = SERVED.writer(SERVED.outline("messages", members(stream=True)), STAMP)

    first = parsed(writer.stream([ToolCallDelta(0, '{"text":"', "a", "write")]))

    assert [one["type"] for one in first] == ["message_start", "content_block_start", "content_block_delta"]
