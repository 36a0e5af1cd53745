"""The rehearsed Anthropic: its own SDK takes it for real, and it refuses what the real one refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import anthropic
import pytest

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script

T = TypeVar("T")
ALL = ("tools", "thinking", "completion")
MODELS = tuple(ModelScript(name=name, capabilities=ALL) for name in ("claude-opus-5", "claude-haiku-4-5", "a", "b"))
OPUS, HAIKU = "claude-opus-5", "claude-haiku-4-5"
TOOL: Any = {"name": "get_weather", "input_schema": {"type": "object"}}
CALL = {"type": "tool_use", "id": "c1", "name": "get_weather", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "c1", "content": "21"}


def user(content: object) -> Any:  # noqa: ANN401 -- the SDK's own type
    """A turn of the user's."""
    return {"role": "user", "content": content}


def model(*content: object) -> Any:  # noqa: ANN401 -- the SDK's own type
    """A turn of the model's."""
    return {"role": "assistant", "content": list(content)}


def played(act: Callable[[anthropic.AsyncAnthropic, Rehearsal], Awaitable[T]], key: str = "k") -> T:
    """What this act sees of a rehearsed Anthropic."""

    async def play() -> T:
        async with (
            Rehearsal(Script(kind="anthropic", models=MODELS, keys=("k",))) as rehearsal,
            anthropic.AsyncAnthropic(base_url=rehearsal.url, api_key=key, max_retries=0) as client,
        ):
            seen = await act(client, rehearsal)
            assert not rehearsal.panics
            return seen

    return asyncio.run(play())


def test_the_sdk_takes_it_for_real() -> None:
    """Text, thinking with its seal, calls, counts and all pages of the list, as the SDK's own helpers read them."""

    async def act(client: anthropic.AsyncAnthropic, _: Rehearsal) -> tuple[Any, Any, int, list[str]]:
        given: Any = {"max_tokens": 3000, "tools": [TOOL]}
        whole = await client.messages.create(**given, model=OPUS, messages=[user("both cities")])
        thinking: Any = {"type": "enabled", "budget_tokens": 1024}
        async with client.messages.stream(
            **given, model=HAIKU, thinking=thinking, messages=[user("why the weather")]
        ) as stream:
            streamed = await stream.get_final_message()
        counted = await client.messages.count_tokens(model=OPUS, messages=[user("Hello")])
        return whole, streamed, counted.input_tokens, [each.id async for each in client.models.list()]

    whole, streamed, counted, names = played(act)

    assert [block.input for block in whole.content] == [{"city": "Paris"}, {"city": "Rome"}]
    assert [block.type for block in streamed.content] == ["thinking", "tool_use"]
    assert streamed.content[0].signature
    assert streamed.usage.output_tokens > 0
    assert counted > 0
    assert names == [each.name for each in MODELS]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"frequency_penalty": 1}, "Extra inputs"),
        ({"temperature": 1}, "temperature"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "Use adaptive"),
        ({"model": HAIKU, "thinking": {"type": "adaptive"}}, "not supported"),
        ({"model": HAIKU, "thinking": {"type": "enabled", "budget_tokens": 9000}}, "max_tokens"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "system", "content": "x"}]}, "role"),
        ({"messages": [user([{"type": "text", "text": ""}])]}, "non-empty"),
        ({"messages": [user("x"), model(CALL), user("y")]}, "without `tool_result`"),
        ({"messages": [user([RESULT])]}, "unexpected `tool_use_id`"),
        ({"messages": [user("x"), model({"type": "thinking", "thinking": "x", "signature": "forged"})]}, "signature"),
        ({"messages": [user("x"), model({**CALL, "id": "a:b"}), user([{**RESULT, "tool_use_id": "a:b"}])]}, "pattern"),
        ({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}, "additionalProperties"),
        ({"model": "nonesuch"}, "nonesuch"),
    ],
)
def test_it_refuses_what_the_real_one_refuses(wrong: dict[str, Any], words: str) -> None:
    """A stand-in that takes anything would let every mistake pass."""

    async def act(client: anthropic.AsyncAnthropic, _: Rehearsal) -> str:
        body = {"model": OPUS, "max_tokens": 3000, "messages": [user("Hello")]} | wrong
        with pytest.raises(anthropic.APIStatusError) as refused:
            await client.post("/v1/messages", body=body, cast_to=object)
        return str(refused.value.body)

    assert words in played(act)


def test_keys_and_versions_are_asked_for() -> None:
    """Without the right key there is a 401, and without a version a 400."""

    async def keyless(client: anthropic.AsyncAnthropic, _: Rehearsal) -> None:
        with pytest.raises(anthropic.AuthenticationError):
            await client.models.list()

    async def unversioned(client: anthropic.AsyncAnthropic, _: Rehearsal) -> None:
        with pytest.raises(anthropic.BadRequestError):
            await client.models.list(extra_headers={"anthropic-version": ""})

    played(keyless, key="wrong")
    played(unversioned)


def test_it_fails_as_the_real_one_fails() -> None:
    """A 529 in its envelope, and an error event in the middle of a stream."""

    async def act(client: anthropic.AsyncAnthropic, rehearsal: Rehearsal) -> tuple[Any, Any]:
        given: Any = {"model": OPUS, "max_tokens": 30, "messages": [user("Hello")]}
        rehearsal.next(Fault.refuse(529), Fault.error("Overloaded", after=3))
        with pytest.raises(anthropic.APIStatusError) as busy:
            await client.messages.create(**given)
        stream = await client.messages.create(**given, stream=True)
        with pytest.raises(anthropic.APIStatusError) as broken:
            [event async for event in stream]
        return busy.value, broken.value

    busy, broken = played(act)

    assert busy.body["error"]["type"] == "overloaded_error"
    assert broken.body["error"] == {"type": "overloaded_error", "message": "Overloaded"}
