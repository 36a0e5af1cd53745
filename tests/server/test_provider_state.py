"""What a provider sealed into a turn comes back with the turn's tool calls, to its maker, and never grows for ever."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.call import App, Call, Outline
from hearth.chat import ChatRequest, Message, Text, Thinking, ToolCall, ToolResult
from hearth.events import Done, Event, Finished, Frame, TextDelta, ThinkingDelta, ThinkingSealed, ToolCallDelta
from hearth.outbound.upstream import Target
from hearth.server.provider_state import ProviderState
from hearth.server.turn_state import MOST_TURN_BYTES, Turn
from hearth_config.quirks import Quirks

ARGUMENTS = '{"city": "Oslo", "days": 2}'
SEALED = (
    ThinkingDelta("Let me "),
    ThinkingDelta("see."),
    ThinkingSealed("seal-1", "anthropic"),
    TextDelta("I look it up."),
    ToolCallDelta(0, '{"city": "Oslo",', id="call_1", name="weather"),
    ToolCallDelta(0, ' "days": 2}'),
    Finished("tool_calls"),
    Done(),
)


def at(dialect: str, provider: str = "far", echo: str | None = None) -> Target:
    """A provider of that dialect, as far as the store looks at it."""
    settings = SimpleNamespace(name=provider, quirks=Quirks(echo_reasoning=echo), address=f"https://{provider}.example")
    called = SimpleNamespace(name=dialect)
    if dialect != "ollama":
        called.seals_in = lambda opaque: (opaque,)
    return cast("Target", SimpleNamespace(called=called, settings=settings))


def by(agent: str = "editor") -> Call:
    return Call("id", "ollama", Outline("chat", "chat", "m", stream=True), {}, "chat", "any", App("", agent), 0, 0.0)


def seen(store: ProviderState, target: Target, events: tuple[Event, ...] = SEALED, call: Call | None = None) -> None:
    """Let a translated reply go by, an event a frame."""
    recorder = store.recorder(call or by(), target)
    if recorder is not None:
        for event in events:
            recorder.see([Frame(b"", (event,))])


def turn_back(id: str = "call_1", arguments: str = ARGUMENTS, *parts: Any) -> ChatRequest:  # noqa: ANN401 -- any part
    """The request in which the caller brings the turn back, with what the tool said."""
    said = Message("assistant", (*parts, ToolCall(id, "weather", arguments)))
    return ChatRequest((Message("user", (Text("?"),)), said, Message("tool", (ToolResult(id, (Text("4°"),)),))))


def parts_of(request: object) -> tuple[object, ...]:
    assert isinstance(request, ChatRequest)
    return request.messages[1].parts


def test_sealed_thinking_returns_to_its_maker_in_front_of_its_call() -> None:
    """The same text, the same seal, before the call that it led to."""
    store = ProviderState()
    seen(store, at("anthropic"))

    restored = store.restored(turn_back(), by(), at("anthropic"))

    assert parts_of(restored) == (
        Thinking("Let me see.", "seal-1", "anthropic"),
        ToolCall("call_1", "weather", ARGUMENTS),
    )


def test_nobody_else_gets_it() -> None:
    """Neither another dialect or provider, nor another program: the request stays the very value it was."""
    store = ProviderState()
    seen(store, at("anthropic"))
    request = turn_back()

    assert store.restored(request, by(), at("gemini")) is request
    assert store.restored(request, by(), at("anthropic", "another")) is request
    assert store.restored(request, by("another"), at("anthropic")) is request


def test_a_seal_on_the_call_itself_returns_on_it() -> None:
    """Gemini signs the call; only the first of several calls has a signature."""
    store = ProviderState()
    calls = (
        ToolCallDelta(0, "{}", id="a", name="first", whole=True, opaque="sig", producer="gemini"),
        ToolCallDelta(1, "{}", id="b", name="second", whole=True),
        Finished("tool_calls"),
    )
    seen(store, at("gemini"), calls)
    request = ChatRequest((Message("assistant", (ToolCall("a", "first", "{}"), ToolCall("b", "second", "{}"))),))

    restored = store.restored(request, by(), at("gemini"))

    assert isinstance(restored, ChatRequest)
    assert restored.messages[0].parts == (
        ToolCall("a", "first", "{}", "sig", "gemini"),
        ToolCall("b", "second", "{}"),
    )


def test_plain_thinking_returns_where_a_provider_asks_for_it() -> None:
    """DeepSeek wants its reasoning_content back (wire/providers §4.11); a provider of another name does not get it."""
    store = ProviderState()
    events = (ThinkingDelta("hm"), *SEALED[3:])
    seen(store, at("openai_chat", "deepseek", "reasoning_content"), events)

    back = store.restored(turn_back(), by(), at("openai_chat", "deepseek", "reasoning_content"))
    request = turn_back()

    assert parts_of(back)[0] == Thinking("hm")
    assert store.restored(request, by(), at("openai_chat", "other", "reasoning_content")) is request
    assert store.recorder(by(), at("openai_chat")) is None
    assert store.recorder(by(), at("ollama")) is None


@pytest.mark.parametrize("arguments", ['{"days":2,"city":"Oslo"}', ARGUMENTS])
def test_a_call_without_an_id_is_known_by_what_was_called(arguments: str) -> None:
    """Ollama's clients send no ids back, and write the arguments anew."""
    store = ProviderState()
    seen(store, at("anthropic"))

    assert len(parts_of(store.restored(turn_back("", arguments), by(), at("anthropic")))) == 2


def test_an_id_used_again_for_another_call_is_not_taken_for_the_old_one() -> None:
    """Some servers count their calls from call_0 in every conversation."""
    store = ProviderState()
    seen(store, at("anthropic"))
    request = turn_back("call_1", '{"city": "Rome"}')

    assert store.restored(request, by(), at("anthropic")) is request


def test_a_turn_that_brings_its_own_seal_is_left_alone() -> None:
    """A caller of the maker's dialect knows better; thinking without a seal gives way to ours."""
    store = ProviderState()
    seen(store, at("anthropic"))
    sealed = turn_back("call_1", ARGUMENTS, Thinking("mine", "own-seal", "anthropic"))
    plain = turn_back("call_1", ARGUMENTS, Thinking("shown"))

    assert store.restored(sealed, by(), at("anthropic")) is sealed
    assert parts_of(store.restored(plain, by(), at("anthropic")))[0] == Thinking("Let me see.", "seal-1", "anthropic")


def test_a_reply_without_tool_calls_or_that_never_ends_is_not_kept() -> None:
    """Only a turn with calls has to come back whole; one that broke off has no end."""
    store = ProviderState()

    seen(store, at("anthropic"), (*SEALED[:4], Finished("stop"), Done()))
    seen(store, at("anthropic"), SEALED[:6])
    seen(store, at("anthropic"), (ThinkingDelta("x" * (MOST_TURN_BYTES + 1)), *SEALED))

    assert len(store) == 0


def test_old_turns_go() -> None:
    """After so many seconds a turn is not given back any more."""
    store = ProviderState(longest_s=-1.0)
    seen(store, at("anthropic"))
    request = turn_back()

    assert store.restored(request, by(), at("anthropic")) is request
    assert (len(store), store.size) == (0, 0)


@given(
    st.lists(st.tuples(st.text("ab", max_size=2), st.integers(0, 400), st.sampled_from(["x", "y"])), max_size=40),
    st.integers(1, 8),
    st.integers(400, 2000),
)
def test_the_store_never_outgrows_its_bounds(turns: list[tuple[str, int, str]], most: int, size: int) -> None:
    """Whatever is kept, count and bytes stay below the limits, and no name leads to a turn that is gone."""
    store = ProviderState(turns=most, size=size)

    for id, length, name in turns:
        call = ToolCall(id, name, json.dumps({"n": length}))
        store.keep("me", Turn("anthropic", (Thinking("", "s" * length, "anthropic"),), (call,)))

        assert len(store) <= most
        assert 0 <= store.size <= size
        asked = ChatRequest((Message("assistant", (call,)),))
        store.restored(asked, by(), at("anthropic"))


def test_what_passes_by_is_known_for_its_makers_own() -> None:
    """A caller of the provider's dialect carries its seals along: they are foreign to all others, and to them alone."""
    store = ProviderState()
    router, box = at("openai_chat", "openrouter", "reasoning_details"), at("openai_chat", "box")
    passing = store.recorder(by(), router, passing=True)
    assert passing is not None
    passing.see([Frame(b"", (ThinkingSealed("sealed", "openrouter"),))])

    foreign = store.foreign(box)

    assert foreign is not None
    assert "sealed" in foreign
    assert "other" not in foreign
    assert store.foreign(router) is None
    assert len(store) == 0
    assert store.recorder(by(), box, passing=True) is None
