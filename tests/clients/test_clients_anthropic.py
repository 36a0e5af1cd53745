"""The official `anthropic` client chats through a daemon, whoever answers behind it."""

import json
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, TextBlock, ThinkingBlock, ToolUseBlock

from clients.anthropic_stage import MODELS, TOOL, Stage, played, user
from clients.stage import HELLO, PIXEL, SCHEMA, UNICODE
from hearth.rehearsal import ModelScript, Script

KINDS = pytest.mark.parametrize("kind", ["ollama", "openai", "anthropic"])


def text(message: Message) -> str:
    """All text of a message."""
    return "".join(block.text for block in message.content if isinstance(block, TextBlock))


def ask(kind: str, content: object, *, model: str = "scripted", **more: Any) -> Message:  # noqa: ANN401 -- the SDK's
    """What the client gets for one question."""

    async def act(on: Stage) -> Message:
        given: Any = {"model": model, "max_tokens": 500, "messages": user(content)} | more
        message: Message = await on.claude.messages.create(**given)
        return message

    return played(act, kind)


def streamed(kind: str, content: object, **more: Any) -> tuple[list[str], Message]:  # noqa: ANN401 -- the SDK's
    """The kinds of events that the client's own helper saw, and the message it made of them."""

    async def act(on: Stage) -> tuple[list[str], Message]:
        given: Any = {"model": "scripted", "max_tokens": 500, "messages": user(content)} | more
        async with on.claude.messages.stream(**given) as stream:
            seen: list[str] = [event.type async for event in stream]
            return seen, await stream.get_final_message()

    return played(act, kind)


@KINDS
def test_an_answer_whole_and_streamed(kind: str) -> None:
    """Text, reason and counts, the same both ways."""
    whole = ask(kind, "Hello there")
    seen, message = streamed(kind, "Hello there")

    assert (text(whole), whole.stop_reason) == (HELLO, "end_turn")
    assert (text(message), message.stop_reason) == (HELLO, "end_turn")
    assert whole.usage.output_tokens == message.usage.output_tokens > 0
    assert whole.usage.input_tokens == message.usage.input_tokens > 0
    assert seen[0] == "message_start"
    assert seen[-1] == "message_stop"


@KINDS
def test_odd_signs_survive(kind: str) -> None:
    """F9: characters of several bytes, and those that end lines elsewhere."""
    assert text(ask(kind, "unicode please")) == UNICODE
    assert text(streamed(kind, "unicode please")[1]) == UNICODE


@KINDS
def test_tools_are_called_and_answered(kind: str) -> None:
    """Two calls at once, their results, and the answer; all ids find each other."""

    async def act(on: Stage) -> tuple[Message, Message]:
        given: Any = {"model": "scripted", "max_tokens": 500, "tools": [TOOL]}
        async with on.claude.messages.stream(**given, messages=user("both cities")) as stream:
            called = await stream.get_final_message()
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": [{"type": "text", "text": "21"}]}
            for block in called.content
            if isinstance(block, ToolUseBlock)
        ]
        turns = [*user("both cities"), {"role": "assistant", "content": called.content}, *user(results)]
        return called, await on.claude.messages.create(**given, messages=turns)

    called, answered = played(act, kind)

    calls = [block for block in called.content if isinstance(block, ToolUseBlock)]
    assert [(call.name, call.input) for call in calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Rome"}),
    ]
    assert called.stop_reason == "tool_use"
    assert "sunny in Paris" in text(answered)


def test_a_single_call_at_a_time_is_asked_for() -> None:
    """`disable_parallel_tool_use` reaches a provider that knows it."""
    message = ask(
        "anthropic", "both cities", tools=[TOOL], tool_choice={"type": "auto", "disable_parallel_tool_use": True}
    )

    assert len([block for block in message.content if isinstance(block, ToolUseBlock)]) == 1


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
def test_a_tool_can_be_forced(kind: str) -> None:
    """Any of them, or one by its name."""
    for choice in ({"type": "any"}, {"type": "tool", "name": "get_weather"}):
        message = ask(kind, "Hello", tools=[TOOL], tool_choice=choice)

        assert message.stop_reason == "tool_use"


@KINDS
@pytest.mark.parametrize("inside", [False, True])
def test_pictures_are_seen(kind: str, inside: bool) -> None:
    """A picture reaches the provider whole: one of the user's, and one that a tool returned."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
    call = {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [picture]}
    turns = [*user("Hello"), {"role": "assistant", "content": [call]}, *user([result])] if inside else user([picture])

    async def act(on: Stage) -> list[bytes]:
        await on.claude.messages.create(model="scripted", max_tokens=50, messages=turns, tools=[TOOL])
        return [call.body for call in on.rehearsal.calls if PIXEL.encode() in call.body]

    assert len(played(act, kind)) == 1


def test_thinking_comes_with_its_seal_and_goes_back() -> None:
    """Anthropic's own thoughts pass with their signature, which it takes back in the turn of a tool's result."""

    async def act(on: Stage) -> tuple[Message, Message]:
        given: Any = {"model": "claude-opus-5", "max_tokens": 500, "tools": [TOOL], "thinking": {"type": "adaptive"}}
        async with on.claude.messages.stream(**given, messages=user("why the weather")) as stream:
            called = await stream.get_final_message()
        result = {"type": "tool_result", "tool_use_id": called.content[-1].id, "content": "21"}  # type: ignore[union-attr]
        turns = [*user("why the weather"), {"role": "assistant", "content": called.content}, *user([result])]
        return called, await on.claude.messages.create(**given, messages=turns)

    called, answered = played(act, "anthropic")

    thought = called.content[0]
    assert isinstance(thought, ThinkingBlock)
    assert thought.thinking == "I need the weather.\n"
    assert thought.signature.startswith("sealed-by-the-rehearsal:")
    assert "sunny" in text(answered)


def test_thinking_of_a_local_model_is_shown() -> None:
    """Thoughts come before the text, as blocks of their own, with a signature of nobody."""
    whole = ask("ollama", "why is the sky blue", thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000)
    seen, message = streamed("ollama", "why is the sky blue", thinking={"type": "adaptive"})

    assert [block.type for block in whole.content] == ["thinking", "text"]
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert "thinking" in seen


def test_a_model_without_thoughts_answers_without() -> None:
    """Claude Code asks for thinking always: a model at home that has none is no reason for an error."""
    script = Script(kind="ollama", models=(ModelScript(name="scripted"),))

    async def act(on: Stage) -> Message:
        given: Any = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "output_config": {"effort": "high"}}
        given |= {"model": "scripted", "max_tokens": 2000, "messages": user("Hello")}
        message: Message = await on.claude.messages.create(**given)
        return message

    assert text(played(act, script)) == HELLO


def test_a_conversation_goes_on_at_anthropic() -> None:
    """Thoughts of another model in the history, which Anthropic would refuse, do not go there."""
    said = [{"type": "thinking", "thinking": "local", "signature": ""}, {"type": "text", "text": "Hi"}]
    turns: Any = [*user("Hello"), {"role": "assistant", "content": said}, *user("Hello there")]

    async def act(on: Stage) -> Message:
        return await on.claude.messages.create(model="claude-opus-5", max_tokens=50, messages=turns)

    assert text(played(act, "anthropic")) == HELLO


@KINDS
def test_an_answer_keeps_to_a_schema(kind: str) -> None:
    """`output_config.format` is held to by whoever answers."""
    model = "claude-haiku-4-5"
    schema = {**SCHEMA, "additionalProperties": False}
    message = ask(kind, "Where?", model=model, output_config={"format": {"type": "json_schema", "schema": schema}})

    assert json.loads(text(message)) == {"city": "Paris", "temp": 21}


@KINDS
def test_limits_and_stop_sequences(kind: str) -> None:
    """The reason says which of them it was, as far as the provider tells."""
    cut = ask(kind, "count", max_tokens=3)
    stopped = ask(kind, "count", stop_sequences=["five"])

    assert cut.stop_reason == "max_tokens"
    assert "four" in text(stopped)
    assert "five" not in text(stopped)
    expected = {"ollama": ("end_turn", None), "openai": ("end_turn", None), "anthropic": ("stop_sequence", "five")}
    assert (stopped.stop_reason, stopped.stop_sequence) == expected[kind]


@KINDS
def test_models_are_listed_in_its_form(kind: str) -> None:
    """All pages of the provider's list, each model with the window that calls get; one by its name, or a 404."""

    async def act(on: Stage) -> tuple[list[Any], Any, anthropic.NotFoundError]:
        rows = [model async for model in on.claude.models.list()]
        one = await on.claude.models.retrieve("scripted")
        with pytest.raises(anthropic.NotFoundError) as missing:
            await on.claude.models.retrieve("nonesuch")
        return rows, one, missing.value

    rows, one, missing = played(act, kind)

    names = {row.id.removesuffix(":latest").removeprefix("box/") for row in rows}
    assert names >= {model.name for model in MODELS}
    assert one.type == "model"
    assert one.max_input_tokens
    known = kind != "openai"  # a llama-server does not say what its models can do
    assert not known or (one.capabilities.thinking.supported and one.capabilities.image_input.supported)
    assert missing.body["error"]["type"] == "not_found_error"  # type: ignore[index]
