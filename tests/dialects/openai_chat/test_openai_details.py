"""`reasoning_details`, which OpenRouter and MiniMax want back as they came, and which nobody else is to see."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dialects.openai_chat.openai_golden import DONE, delta, sse, sse_head
from hearth.call import Outline
from hearth.chat import ChatRequest, Message, Text, Thinking, ToolCall
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat import CALLED
from hearth.dialects.openai_chat.details import Details, opened, own_only, secrets_of
from hearth.events import Event, Finished, TextDelta, ThinkingDelta, ThinkingSealed, ToolCallDelta
from hearth_config.quirks import Quirks

ROUTER = Destination("openrouter", "google/gemini-3", prefix="/v1", quirks=Quirks(echo_reasoning="reasoning_details"))
BOX = Destination("box", "m", prefix="/v1")
ENCRYPTED = {"type": "reasoning.encrypted", "data": "gAAAA", "id": "call_1", "format": "google-gemini-v1", "index": 0}
CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
OUTLINE = Outline("chat", "chat", "m", stream=False)


def text(words: str | None, **more: object) -> dict[str, Any]:
    return {"type": "reasoning.text", "text": words, "index": 0, **more}


def said(*deltas: dict[str, Any], to: Destination = ROUTER) -> list[Event]:
    """What a stream of these deltas means."""
    reader = CALLED.reader("chat", None, to, sse_head())
    frames = reader.feed(sse(*deltas) + sse(delta("stop")) + DONE) + reader.close()
    return [event for frame in frames for event in frame.events]


def seals(events: list[Event]) -> list[ThinkingSealed]:
    return [event for event in events if isinstance(event, ThinkingSealed)]


def test_the_pieces_of_a_stream_are_one_seal_before_the_words() -> None:
    """Text grows, the signature comes last: what goes back is what a whole reply would have had."""
    events = said(
        delta(reasoning_details=[text("Let ")]),
        delta(reasoning_details=[text("me see.")]),
        delta(reasoning_details=[text(None, signature="sig")]),
        delta(content="It is 4."),
    )

    (seal,) = seals(events)
    assert (opened(seal.opaque), seal.producer) == ([text("Let me see.", signature="sig")], "openrouter")
    kinds = [type(event) for event in events]
    assert kinds.index(ThinkingDelta) < kinds.index(ThinkingSealed) < kinds.index(TextDelta)


def test_what_is_sealed_beside_a_call_is_kept_too() -> None:
    """Gemini's thought signature comes with the call, encrypted, and with nothing to be read."""
    events = said(delta(tool_calls=[CALL], reasoning_details=[ENCRYPTED]))

    (seal,) = seals(events)
    assert opened(seal.opaque) == [ENCRYPTED]
    kinds = [type(event) for event in events]
    assert kinds.index(ThinkingSealed) < kinds.index(ToolCallDelta) < kinds.index(Finished)


def test_nobody_else_seals_by_details() -> None:
    """A server that does not want them back has sealed nothing by them."""
    assert not seals(said(delta(reasoning_details=[text("hm")]), to=BOX))


def sent(to: Destination, *parts: Any) -> dict[str, Any]:  # noqa: ANN401 -- any parts
    """The assistant's turn as it is written for this provider."""
    turn = Message("assistant", (*parts, ToolCall("call_1", "look", "{}")))
    request = ChatRequest((Message("user", (Text("?"),)), turn))
    found: dict[str, Any] = json.loads(CALLED.request(request, to, stream=False).body)["messages"][1]
    return found


def test_all_seals_of_a_turn_go_back_in_order_to_their_maker_alone() -> None:
    """Of another maker, or made up by somebody, nothing is sent."""
    first, second = json.dumps([text("hm")]), json.dumps([ENCRYPTED])
    own = (Thinking("hm", first, "openrouter"), Thinking("", second, "openrouter"))

    assert sent(ROUTER, *own)["reasoning_details"] == [text("hm"), ENCRYPTED]
    assert "reasoning_details" not in sent(BOX, *own)
    assert "reasoning_details" not in sent(ROUTER, Thinking("", second, "minimax"))
    assert "reasoning_details" not in sent(ROUTER, Thinking("", '[{}],"model":"dear"', "openrouter"))


def spliced(to: Destination, details: object) -> dict[str, Any]:
    """The assistant's turn of a caller of this dialect, as it is passed on."""
    turn = {"role": "assistant", "content": "x", "reasoning_details": details}
    members = cut(json.dumps({"model": "m", "messages": [{"role": "user", "content": "?"}, turn]}).encode())
    found: dict[str, Any] = json.loads(CALLED.splice(OUTLINE, members, to).body)["messages"][1]
    return found


def test_a_callers_own_details_are_passed_on_without_what_others_sealed() -> None:
    """Untouched but for that: a gateway nobody told us about may want its own back."""
    both = [text("hm"), ENCRYPTED]
    twin, other = (replace(to, foreign={"gAAAA"}) for to in (ROUTER, BOX))

    assert spliced(ROUTER, both)["reasoning_details"] == both
    assert spliced(BOX, both)["reasoning_details"] == both
    assert spliced(twin, both)["reasoning_details"] == [text("hm")]
    assert spliced(other, [ENCRYPTED]) == {"role": "assistant", "content": "x"}
    assert spliced(twin, None)["reasoning_details"] is None


MINIMAX = Destination(
    "minimax", "MiniMax-M2", prefix="/v1", quirks=Quirks(echo_reasoning="reasoning_details", think_tags=True)
)
WORDS = ["Let me ", "see: ", "two ", "and ", "two."]


@pytest.mark.parametrize("grows", [False, True])
def test_thoughts_that_grow_are_said_once(grows: bool) -> None:
    """MiniMax's own examples cut each text off the one before; some of its hosts send pieces like everyone."""
    texts = ["".join(WORDS[: number + 1]) for number in range(len(WORDS))] if grows else WORDS

    events = said(*(delta(reasoning_details=[text(one)]) for one in texts), delta(content="4"), to=MINIMAX)

    assert [event.text for event in events if isinstance(event, ThinkingDelta)] == WORDS
    (seal,) = seals(events)
    assert opened(seal.opaque) == [text("".join(WORDS))]


PIECES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(("reasoning.text", "reasoning.summary", "reasoning.encrypted", "new"))},
        optional={
            "text": st.text() | st.none() | st.integers(),
            "summary": st.text(),
            "data": st.text(),
            "signature": st.text() | st.none(),
            "index": st.integers(0, 2) | st.none(),
        },
    ),
    max_size=8,
)


@given(PIECES)
def test_no_readable_word_and_no_secret_is_lost(pieces: list[dict[str, Any]]) -> None:
    """However a provider cuts them, the seal says what the pieces said, in their order."""
    details = Details()
    for piece in pieces:
        details.add([piece])

    seal = details.seal()

    for name in ("text", "summary"):
        words = [
            "".join(one[name] for one in rows if isinstance(one.get(name), str)) for rows in (pieces, opened(seal))
        ]
        assert words[0] == words[1]
    wanted = [one[name] for one in pieces for name in ("signature", "data") if isinstance(one.get(name), str)]
    assert [one for one in secrets_of(seal) if one] == [one for one in wanted if one]
    assert details.seal() == ""


@given(st.text())
def test_any_seal_can_be_opened(seal: str) -> None:
    """Clients may send what they like."""
    assert own_only(opened(seal), frozenset()) == opened(seal)
