"""What clients of Messages get: one start, blocks in order, each started, filled and stopped, one end (pain 20)."""

import json

import msgspec
import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dialects.anthropic.anthropic_golden import STAMP, collected, members, parsed, read, written
from hearth.call import Wishes
from hearth.chat import Thinking, ToolCall
from hearth.dialects.anthropic import SERVED
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import BrokenReply, RateLimited

STREAM_EVENT: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
_TEXT = st.text(min_size=1, max_size=8)


@pytest.mark.parametrize("stream", [True, False])
def test_arguments_that_are_no_object_are_an_error(stream: bool) -> None:
    """A call this dialect has no form for never becomes an empty one: the reply ends in an error that names it."""
    said: list[Event] = [ToolCallDelta(0, '{"city": Par', "a", "look"), Finished("tool_calls"), Done()]

    if not stream:
        with pytest.raises(BrokenReply, match="'look'"):
            written(said, stream=False)
        return
    records = parsed(written(said, stream=True))
    assert records[-1]["error"]["type"] == "api_error"
    assert "message_stop" not in [one["type"] for one in records]


def test_arguments_may_be_cut_by_the_limit() -> None:
    """A limit of tokens cuts calls at Anthropic too; the reason says so."""
    said: list[Event] = [ToolCallDelta(0, '{"city": "Par', "a", "look"), Finished("length"), Done()]

    whole = json.loads(written(said, stream=False))
    blocks, end = collected(parsed(written(said, stream=True)))

    assert (whole["stop_reason"], whole["content"][0]["input"]) == ("max_tokens", {})
    assert (end["delta"]["stop_reason"], blocks[0]["said"]) == ("max_tokens", '{"city": "Par')


@pytest.mark.parametrize(
    ("finished", "reason", "sequence"),
    [
        (Finished("stop"), "end_turn", None),
        (Finished("stop", sequence="END"), "stop_sequence", "END"),
        (Finished("length"), "max_tokens", None),
        (Finished("filter"), "refusal", None),
        (Finished("unknown"), "end_turn", None),
    ],
)
def test_each_end_has_its_word(finished: Finished, reason: str, sequence: str | None) -> None:
    """The reason is Anthropic's word for it, with the stop sequence where the provider told it."""
    said: list[Event] = [TextDelta("x"), finished, Done()]

    whole = json.loads(written(said, stream=False))
    _, end = collected(parsed(written(said, stream=True)))

    assert (whole["stop_reason"], whole["stop_sequence"]) == (reason, sequence)
    assert (end["delta"]["stop_reason"], end["delta"]["stop_sequence"]) == (reason, sequence)


def test_a_refusal_is_text_and_a_reason() -> None:
    """The model's own words for saying no are shown, and the reason says what they are."""
    whole = json.loads(written([RefusalDelta("I won't."), Finished("stop"), Done()], stream=False))

    assert whole["content"] == [{"type": "text", "text": "I won't."}]
    assert whole["stop_reason"] == "refusal"
    assert whole["stop_details"]["explanation"] == "I won't."


def test_counts_stand_beside_each_other() -> None:
    """Cached tokens are no part of `input_tokens` there; the start of a stream says what is known by then."""
    usage = Usage(input=100, output=7, cached=60, cache_write=10, reasoning=3)

    records = parsed(written([usage, TextDelta("x"), Finished("stop"), Done()], stream=True))

    assert records[0]["message"]["usage"] == {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "output_tokens": 0,
        "output_tokens_details": {"thinking_tokens": 3},
    }
    assert records[-2]["usage"]["output_tokens"] == 7


def test_counts_that_nobody_knows_are_not_estimated() -> None:
    """The SDK demands numbers, so that 0 stands for what is not known; no guess is shown as a count."""
    records = parsed(written([TextDelta("x"), Finished("stop"), Done()], stream=True))

    assert records[0]["message"]["usage"] == {"input_tokens": 0, "output_tokens": 0}
    assert records[-2]["usage"] == {"input_tokens": 0, "output_tokens": 0}


def test_a_foreign_seal_comes_back_whole() -> None:
    """What another maker sealed travels in the signature, and is read again as that maker's."""
    said: list[Event] = [ThinkingDelta("hm"), ThinkingSealed('{"a": 1}', "gemini"), TextDelta("x"), Finished("stop")]
    said.append(Done())

    whole = json.loads(written(said, stream=False))
    request = read(messages=[{"role": "assistant", "content": whole["content"]}])

    assert request.messages[0].parts[0] == Thinking("hm", '{"a": 1}', "gemini")


def test_a_call_without_an_id_gets_one() -> None:
    """Every call has an id of its own, by which its result is found."""
    said: list[Event] = [
        ToolCallDelta(0, "{}", "", "look", whole=True),
        ToolCallDelta(1, "{}", "", "look", whole=True),
        Finished("stop"),
        Done(),
    ]

    whole = json.loads(written(said, stream=False))
    calls = read(messages=[{"role": "assistant", "content": whole["content"]}]).messages[0].parts

    ids = [call.id for call in calls if isinstance(call, ToolCall)]
    assert len(set(ids)) == 2
    assert all(ids)


def test_an_empty_answer_has_an_empty_content() -> None:
    """Ollama writes null there (recording `ollama-empty-answer`); the SDK wants a list."""
    whole = json.loads(written([Finished("stop"), Done()], stream=False))
    blocks, _ = collected(parsed(written([Finished("stop"), Done()], stream=True)))

    assert (whole["content"], blocks) == ([], [])


def test_hidden_thoughts_leave_their_seal() -> None:
    """A caller that wants no thoughts gets none, yet the seal, without which the next turn would be refused."""
    outline = msgspec.structs.replace(SERVED.outline("messages", members()), wishes=Wishes(thinking="hide"))
    writer = SERVED.writer(outline, STAMP)

    whole = json.loads(writer.whole([ThinkingDelta("secret"), ThinkingSealed("sig", "anthropic"), TextDelta("x")]))

    assert whole["content"][0] == {"type": "thinking", "thinking": "", "signature": "sig"}


def test_an_error_ends_a_stream_without_an_end() -> None:
    """F6: an error event, and nothing after it that a client could take for an end."""
    said: list[Event] = [TextDelta("x"), Failed(RateLimited("slower", who="box")), Finished("stop"), Done()]

    records = parsed(written(said, stream=True))

    assert records[-1]["error"] == {"type": "rate_limit_error", "message": "box: slower"}
    assert records[-1]["request_id"] == f"req_{STAMP.id}"


def test_an_error_fails_a_whole_reply() -> None:
    """What failed is raised, to be rendered with its status."""
    with pytest.raises(RateLimited):
        written([TextDelta("x"), Failed(RateLimited("slower"))], stream=False)


def test_a_heartbeat_is_a_ping() -> None:
    """The sign of life that the SDKs skip by name."""
    writer = SERVED.writer(SERVED.outline("messages", members(stream=True)), STAMP)

    assert parsed(writer.heartbeat) == [{"type": "ping"}]
