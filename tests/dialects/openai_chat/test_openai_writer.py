"""Replies as clients get them: strict in order and number, and read back to what was said."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from dialects.openai_chat.openai_golden import STAMP, chunks, events, sse_head, written
from hearth.call import Wishes
from hearth.dialects.body import cut
from hearth.dialects.dialect import Head
from hearth.dialects.openai_chat import SERVED
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth.problems import ProviderFault

STREAM = {"messages": [], "stream": True, "stream_options": {"include_usage": True}}
WHOLE: dict[str, Any] = {"messages": []}

SAID = st.text(min_size=1, max_size=6)


def _pieces(choice: int) -> st.SearchStrategy[Event]:
    return st.one_of(
        st.builds(TextDelta, SAID, st.just(choice)),
        st.builds(ThinkingDelta, SAID, st.just(choice)),
        st.builds(RefusalDelta, SAID, st.just(choice)),
        st.builds(lambda index, piece: ToolCallDelta(index, piece, choice=choice), st.integers(0, 2), SAID),
    )


@st.composite
def replies(draw: st.DrawFn) -> list[Event]:
    """A finished reply of one or two choices, its calls numbered as the contract says."""
    said: list[Event] = [Started("id", "m", 1)]
    for choice in range(draw(st.integers(1, 2))):
        seen: list[int] = []
        for piece in draw(st.lists(_pieces(choice), min_size=1, max_size=8)):
            if isinstance(piece, ToolCallDelta):
                fresh = piece.index not in seen
                seen += [piece.index] if fresh else []
                number = seen.index(piece.index)
                id, name = (f"id{choice}{number}", f"f{number}") if fresh else ("", "")
                said.append(ToolCallDelta(number, piece.arguments, id, name, choice=choice))
            else:
                said.append(piece)
        said.append(Finished("tool_calls" if seen else "stop", "", choice))
    return [*said, Usage(input=3, output=2), Done()]


def _sums(said: Sequence[Event]) -> dict[tuple[str, int, int], str]:
    """What was said, joined by kind, choice and call."""
    sums: dict[tuple[str, int, int], str] = {}
    for event in said:
        match event:
            case TextDelta(text=text) | ThinkingDelta(text=text) | RefusalDelta(text=text):
                key = (type(event).__name__, event.choice, 0)
            case ToolCallDelta():
                key, text = ("call", event.choice, event.index), event.id + event.name + event.arguments
            case Finished():
                key, text = ("end", event.choice, 0), event.reason
            case Usage():
                key, text = ("usage", 0, 0), f"{event.input} {event.output}"
            case _:
                continue
        sums[key] = sums.get(key, "") + text
    return sums


@given(replies())
def test_what_is_streamed_is_read_again(said: list[Event]) -> None:
    """Whatever a model says, our own reader finds it in what our writer wrote, piece by piece."""
    again = events("chat", sse_head(), written("chat", STREAM, said))

    assert _sums(again) == _sums(said)
    assert again[-1] == Done()


@given(replies())
def test_what_is_written_whole_is_read_again(said: list[Event]) -> None:
    """The same for whole replies."""
    again = events("chat", Head(200, (("Content-Type", "application/json"),)), written("chat", WHOLE, said))

    assert _sums(again) == _sums(said)


@given(replies())
def test_a_stream_is_strict(said: list[Event]) -> None:
    """Role, id, type and name once; indices from 0; one kind of content a delta; one end a choice; then usage."""
    found = chunks(written("chat", STREAM, said))

    *parts, usage = found
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 5
    assert len({(part["id"], part["created"], part["model"]) for part in found}) == 1
    for number in {part["choices"][0]["index"] for part in parts}:
        mine = [part["choices"][0] for part in parts if part["choices"][0]["index"] == number]
        calls = [choice["delta"]["tool_calls"][0] for choice in mine if "tool_calls" in choice["delta"]]
        firsts = [call for call in calls if "id" in call]
        assert mine[0]["delta"] == {"role": "assistant", "content": ""}
        assert all(len(choice["delta"]) == 1 for choice in mine[1:-1])
        assert [choice["finish_reason"] is not None for choice in mine] == [False] * (len(mine) - 1) + [True]
        assert [call["index"] for call in firsts] == list(range(len(firsts)))
        assert all(set(call["function"]) == {"arguments"} for call in calls if "id" not in call)


def test_nothing_is_written_before_something_is_said() -> None:
    """A target may be swapped until the first meaningful event: what comes before it leaves no trace."""
    writer = SERVED.writer(SERVED.outline("chat", cut(json.dumps(STREAM).encode())), STAMP)

    assert writer.stream([Started("a", "m", 1)]) == b""
    assert writer.stream([Usage(1, 1)]) == b""
    assert writer.heartbeat == b": keep-alive\n\n"
    assert writer.stream([Started("b", "n", 2), TextDelta("x")]).count(b'"role"') == 1


def test_thinking_has_one_name_and_can_be_hidden() -> None:
    """Pain 19: thinking goes out once, apart from the answer; who does not want it gets none."""
    said: list[Event] = [ThinkingDelta("t"), TextDelta("a"), Finished("stop"), Done()]
    hidden = Wishes(thinking="hide")

    assert b'{"reasoning_content":"t"}' in written("chat", STREAM, said)
    assert b'"reasoning"' not in written("chat", STREAM, said)
    assert json.loads(written("chat", WHOLE, said))["choices"][0]["message"]["reasoning_content"] == "t"
    assert b"reasoning" not in written("chat", STREAM, said, hidden)
    assert b"reasoning" not in written("chat", WHOLE, said, hidden)


def test_a_stop_after_calls_is_a_call_for_tools() -> None:
    """Ollama ends a turn of calls with `stop`; OpenAI's clients wait for `tool_calls`. A cut answer stays cut."""
    call: Event = ToolCallDelta(0, "{}", "", "f", whole=True)

    stopped = json.loads(written("chat", WHOLE, [call, Finished("stop"), Done()]))["choices"][0]
    cut_off = json.loads(written("chat", WHOLE, [call, Finished("length"), Done()]))["choices"][0]

    assert stopped["finish_reason"] == "tool_calls"
    assert stopped["message"]["content"] is None
    assert stopped["message"]["tool_calls"][0]["id"] == f"call_{STAMP.id}000"
    assert cut_off["finish_reason"] == "length"


def test_unknown_counts_are_left_out() -> None:
    """An unknown count is never 0: the reply says nothing instead."""
    said: list[Event] = [TextDelta("a"), Usage(input=3), Finished("stop"), Done()]

    assert "usage" not in json.loads(written("chat", WHOLE, said))
    assert b"usage" not in written("chat", STREAM, said)


def test_probabilities_keep_their_shape() -> None:
    """Chat has lists of tokens, completions have parallel lists with offsets that count on through a stream."""
    rows = Raw(b'[{"token":"Hi","logprob":-0.5,"bytes":[72,105],"top_logprobs":[{"token":"Hi","logprob":-0.5}]}]')
    said: list[Event] = [TextDelta("Hi"), LogProbs(rows), TextDelta("Hi"), LogProbs(rows), Finished("stop"), Done()]

    chat = json.loads(written("chat", WHOLE, said))["choices"][0]["logprobs"]["content"]
    streamed = [part["choices"][0]["logprobs"] for part in chunks(written("chat", STREAM, said))]
    old = json.loads(written("completions", {"prompt": "x"}, said))["choices"][0]["logprobs"]
    parts = [
        part["choices"][0]["logprobs"] for part in chunks(written("completions", {"prompt": "", "stream": True}, said))
    ]

    assert chat == [json.loads(bytes(rows))[0]] * 2
    assert [part["content"] for part in streamed if part] == [json.loads(bytes(rows))] * 2
    assert old["text_offset"] == [0, 2]
    assert [part["text_offset"] for part in parts if part] == [[0], [2]]
    assert old["top_logprobs"] == [{"Hi": -0.5}] * 2


def test_a_failure_among_the_events_of_a_whole_reply_is_raised() -> None:
    """A whole reply is all or nothing."""
    with pytest.raises(ProviderFault):
        written("chat", WHOLE, [TextDelta("a"), Failed(ProviderFault("m", who="box"))])


@pytest.mark.parametrize("route", ["chat", "completions"])
def test_a_failure_ends_a_stream_without_an_end_mark(route: str) -> None:
    """Pain 22: an error in the stream is the last thing said."""
    stream = written(route, {**STREAM, "prompt": ""}, [TextDelta("a"), Failed(ProviderFault("m", who="box"))])

    assert stream.endswith(b"}}\n\n")
    assert b"[DONE]" not in stream
    assert chunks(stream)[-1]["error"]["message"] == "box: m"
