"""The official `ollama` and `openai` clients take the rehearsal for the real thing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import ollama
import openai
import pytest

from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.rehearsal.script import Kind

T = TypeVar("T")
HELLO = "Hello! I am a small test model."
TOOLS: Any = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
]  # fmt: skip


def with_ollama(act: Callable[[ollama.AsyncClient], Awaitable[T]], script: Script | None = None) -> T:
    async def run() -> T:
        async with Rehearsal(script) as rehearsal:
            client = ollama.AsyncClient(rehearsal.url)
            try:
                return await act(client)
            finally:
                await client._client.aclose()  # noqa: SLF001 - this client has no public way to close
                assert not rehearsal.panics

    return asyncio.run(run())


def with_openai(act: Callable[[openai.AsyncOpenAI], Awaitable[T]], script: Script, *faults: Fault) -> T:
    async def run() -> T:
        async with Rehearsal(script) as rehearsal:
            rehearsal.next(*faults)
            async with openai.AsyncOpenAI(base_url=f"{rehearsal.url}/v1", api_key="sk-test", max_retries=0) as client:
                return await act(client)

    return asyncio.run(run())


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def test_the_ollama_client_chats_streams_and_calls_tools() -> None:
    """Whole and streamed answers, one call and two, thinking."""

    async def act(client: ollama.AsyncClient) -> list[Any]:
        whole = await client.chat("scripted", user("Hello there"))
        pieces = [
            each.message.content async for each in await client.chat("scripted", user("Hello there"), stream=True)
        ]
        one = await client.chat("scripted", user("The weather in Paris?"), tools=TOOLS)
        two = await client.chat("templated", user("The weather in both?"), tools=TOOLS)
        thought = await client.chat("thinker", user("why?"), think=True)
        return [whole.message.content, "".join(map(str, pieces)), one.message, two.message, thought.message]

    whole, streamed, one, two, thought = with_ollama(act)

    assert whole == streamed == HELLO
    assert [call.function.arguments for call in one.tool_calls] == [{"city": "Paris"}]
    assert [call.function.arguments["city"] for call in two.tool_calls] == ["Paris", "Rome"]
    assert thought.thinking == "The user asks why.\n\n"


def test_the_ollama_client_manages_models() -> None:
    """List, show, copy, pull with progress, push, create, delete, and what is loaded."""
    script = Script(registry=(ModelScript(name="qwen3:8b", size=1000),))

    async def act(client: ollama.AsyncClient) -> dict[str, Any]:
        progress = [each.status async for each in await client.pull("qwen3:8b", stream=True)]
        await client.copy("scripted", "twin")
        await client.create("third", from_="scripted", system="Be terse.")
        await client.delete("twin")
        await client.generate("qwen3:8b", "Hello there")
        return {
            "progress": progress,
            "names": {model.model for model in (await client.list()).models},
            "loaded": [model.model for model in (await client.ps()).models],
            "capabilities": (await client.show("thinker")).capabilities,
        }

    seen = with_ollama(act, script)

    assert seen["progress"][0] == "pulling manifest"
    assert seen["progress"][-1] == "success"
    assert {"qwen3:8b", "third:latest"} <= seen["names"]
    assert "twin:latest" not in seen["names"]
    assert seen["loaded"] == ["qwen3:8b"]
    assert seen["capabilities"] == ["tools", "thinking", "completion"]


def test_a_pull_of_an_unknown_model_fails_in_its_last_line() -> None:
    """Status 200, then an error line, as the real registry's answer is passed on."""

    async def act(client: ollama.AsyncClient) -> str:
        with pytest.raises(ollama.ResponseError) as caught:
            _ = [each async for each in await client.pull("nobody/has-this", stream=True)]
        return caught.value.error

    assert with_ollama(act) == "pull model manifest: file does not exist"


def test_the_ollama_client_embeds() -> None:
    """Vectors have length 1, one for each text, the same for the same text."""

    async def act(client: ollama.AsyncClient) -> Sequence[Sequence[float]]:
        return (await client.embed("embedder", ["the day", "the year", "the day"])).embeddings

    first, second, third = with_ollama(act)

    assert first == third != second
    assert abs(sum(number * number for number in first) - 1) < 1e-6


@pytest.mark.parametrize("base", ["ollama", "openai"])
def test_the_openai_client_chats_streams_and_calls_tools(base: Kind) -> None:
    """Ollama's /v1 and a cloud provider both satisfy the official client."""

    async def act(client: openai.AsyncOpenAI) -> list[Any]:
        whole = await client.chat.completions.create(model="scripted", messages=user("Hello there"))
        stream = await client.chat.completions.create(
            model="scripted", messages=user("Hello there"), stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        called = await client.chat.completions.create(model="scripted", messages=user("The weather?"), tools=TOOLS)
        async with client.chat.completions.stream(model="scripted", messages=user("both"), tools=TOOLS) as events:
            final = await events.get_final_completion()
        return [whole, chunks, called.choices[0], final.choices[0]]

    whole, chunks, called, final = with_openai(act, Script(kind=base))

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == text == HELLO
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert called.finish_reason == "tool_calls"
    assert called.message.tool_calls[0].function.arguments == '{"city":"Paris"}'
    assert [call.function.arguments for call in final.message.tool_calls] == ['{"city":"Paris"}', '{"city":"Rome"}']


@pytest.mark.parametrize("base", ["ollama", "openai"])
def test_the_openai_client_embeds_completes_and_lists(base: Kind) -> None:
    """The client asks for base64 by itself; FIM comes through `suffix`; model names may be looked up."""

    async def act(client: openai.AsyncOpenAI) -> tuple[int, str, str, list[str]]:
        vectors = await client.embeddings.create(model="embedder", input=["a", "b"])
        filled = await client.completions.create(model="templated", prompt="def add(a, b):", suffix="\n")
        listed = [model.id async for model in client.models.list()]
        one = await client.models.retrieve(listed[0])
        return len(vectors.data[1].embedding), filled.choices[0].text, one.id, listed

    size, text, one, listed = with_openai(act, Script(kind=base))

    assert (size, text) == (16, " return a + b")
    assert one == listed[0]


def test_the_openai_client_asks_for_responses() -> None:
    """Whole, and through its own strict state machine: text, thinking, two calls and their outputs."""
    tool: Any = {"type": "function", "name": "get_weather", "strict": False, "parameters": {"type": "object"}}

    async def act(client: openai.AsyncOpenAI) -> list[Any]:
        whole = await client.responses.create(model="thinker", input="Hello there")
        async with client.responses.stream(model="thinker", input="why", reasoning={"summary": "auto"}) as stream:
            thought = await stream.get_final_response()
        question: Any = [{"role": "user", "content": "both"}]
        called = await client.responses.create(model="scripted", input=question, tools=[tool])
        calls: list[Any] = [item for item in called.output if item.type == "function_call"]
        outputs = [{"type": "function_call_output", "call_id": call.call_id, "output": "21"} for call in calls]
        given: Any = [*question, *calls, *outputs]
        answered = await client.responses.create(model="scripted", input=given, tools=[tool])
        kinds = [item.type for item in thought.output]
        return [whole.output_text, kinds, [call.arguments.replace(" ", "") for call in calls], answered.output_text]

    said, kinds, calls, answered = with_openai(act, Script(kind="openai"))

    assert said == HELLO
    assert kinds == ["reasoning", "message"]
    assert calls == ['{"city":"Paris"}', '{"city":"Rome"}']
    assert "sunny" in answered


def test_a_wrong_key_is_refused() -> None:
    """Keys are checked when the script names some."""

    async def act(client: openai.AsyncOpenAI) -> str | None:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()
        return caught.value.code

    assert with_openai(act, Script(kind="openai", keys=("sk-right",))) == "invalid_api_key"
    assert with_openai(lambda client: client.models.retrieve("scripted"), Script(kind="openai", keys=("sk-test",))).id


def test_an_error_in_mid_stream_is_raised_by_the_client() -> None:
    """The official client raises what OpenAI sends in the middle of a stream."""

    async def act(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(model="scripted", messages=user("Hello there"), stream=True)
        with pytest.raises(openai.APIError) as caught:
            _ = [chunk async for chunk in stream]
        return caught.value.message

    assert with_openai(act, Script(kind="openai"), Fault.error("overloaded", after=3)) == "overloaded"
