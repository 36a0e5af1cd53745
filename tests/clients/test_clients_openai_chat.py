"""The official `openai` client chats through Hearth, whether an Ollama or an OpenAI-compatible server answers."""

import asyncio
from typing import Any

import openai
import pytest

from clients.stage import HELLO, PIXEL, SCHEMA, TOOLS, UNICODE, Stage, played, user
from hearth.rehearsal import ModelScript, Script
from hearth.rehearsal.script import Kind

both = pytest.mark.parametrize("kind", ["ollama", "openai"])
SEEING = ModelScript(name="seeing", capabilities=("completion", "vision"))


@both
def test_a_chat_is_answered_whole_and_as_a_stream(kind: Kind) -> None:
    """Both ways give the same words, a reason to stop, and counts that add up; the usage chunk comes last."""

    async def act(on: Stage) -> tuple[Any, list[Any]]:
        chats = on.openai.chat.completions
        whole = await chats.create(model="scripted", messages=user("Hello there"))
        stream = await chats.create(
            model="scripted", messages=user("Hello there"), stream=True, stream_options={"include_usage": True}
        )
        return whole, [chunk async for chunk in stream]

    whole, chunks = played(act, kind)

    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == said == HELLO
    assert whole.choices[0].message.role == "assistant"
    assert whole.choices[0].finish_reason == chunks[-2].choices[0].finish_reason == "stop"
    assert (whole.object, chunks[0].object) == ("chat.completion", "chat.completion.chunk")
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens > 0
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert len({chunk.id for chunk in chunks}) == 1


@both
def test_a_usage_chunk_that_nobody_asked_for_does_not_come(kind: Kind) -> None:
    """Hearth counts for itself; the caller sees no chunk without choices."""

    async def act(on: Stage) -> list[Any]:
        stream = await on.openai.chat.completions.create(model="scripted", messages=user("Hello there"), stream=True)
        return [chunk async for chunk in stream]

    chunks = played(act, kind)

    assert all(chunk.choices for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_the_sync_client_chats_and_streams_too() -> None:
    """Other threads call as well; what they get is the same."""

    def call(url: str) -> tuple[str | None, str]:
        with openai.OpenAI(base_url=f"{url}/v1/", api_key="any", max_retries=0) as client:
            whole = client.chat.completions.create(model="scripted", messages=user("Hello there"))
            stream = client.chat.completions.create(model="scripted", messages=user("Hello there"), stream=True)
            return whole.choices[0].message.content, "".join(c.choices[0].delta.content or "" for c in stream)

    async def act(on: Stage) -> tuple[str | None, str]:
        return await asyncio.to_thread(call, on.home.url)

    assert played(act) == (HELLO, HELLO)


@both
def test_signs_of_all_kinds_arrive_as_they_were_said(kind: Kind) -> None:
    """Umlauts, emoji, markup, and the separators that break lines elsewhere."""

    async def act(on: Stage) -> tuple[str | None, str]:
        chats = on.openai.chat.completions
        whole = await chats.create(model="scripted", messages=user("unicode"))
        stream = await chats.create(model="scripted", messages=user("unicode"), stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
        return whole.choices[0].message.content, "".join(pieces)

    assert played(act, kind) == (UNICODE, UNICODE)


@both
def test_tools_are_called_one_or_two_at_a_time(kind: Kind) -> None:
    """Each call has an id of its own, and streamed calls are put together by the client's own helper."""

    async def act(on: Stage) -> list[Any]:
        chats = on.openai.chat.completions
        one = await chats.create(model="scripted", messages=user("The weather in Paris?"), tools=TOOLS)
        two = await chats.create(model="scripted", messages=user("both"), tools=TOOLS)
        async with chats.stream(model="scripted", messages=user("both"), tools=TOOLS) as events:
            streamed = await events.get_final_completion()
        return [one.choices[0], two.choices[0], streamed.choices[0]]

    one, two, streamed = played(act, kind)

    assert [call.function.arguments for call in one.message.tool_calls] == ['{"city":"Paris"}']
    for answer in (two, streamed):
        calls = answer.message.tool_calls
        assert answer.finish_reason == "tool_calls"
        assert [call.function.name for call in calls] == ["get_weather", "get_weather"]
        assert [call.function.arguments for call in calls] == ['{"city":"Paris"}', '{"city":"Rome"}']
        assert len({call.id for call in calls} - {None, ""}) == 2


@both
def test_a_tools_result_is_answered_in_words(kind: Kind) -> None:
    """The call and its result go back as messages, and the model goes on."""

    async def act(on: Stage) -> str | None:
        messages = user("The weather in Paris?")
        asked = await on.openai.chat.completions.create(model="scripted", messages=messages, tools=TOOLS)
        said = asked.choices[0].message
        messages.append(said.model_dump(exclude_none=True))
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"} for call in said.tool_calls or ()
        ]
        told = await on.openai.chat.completions.create(model="scripted", messages=messages, tools=TOOLS)
        return told.choices[0].message.content

    assert (played(act, kind) or "").startswith("It is 21 degrees")


@both
def test_thoughts_come_beside_the_answer(kind: Kind) -> None:
    """`reasoning_content` is what editors and agents read, in whole replies and in chunks."""

    async def act(on: Stage) -> list[str | None]:
        chats = on.openai.chat.completions
        whole = await chats.create(model="thinker", messages=user("why?"), reasoning_effort="medium")
        stream = await chats.create(model="thinker", messages=user("why?"), reasoning_effort="medium", stream=True)
        thoughts = [getattr(c.choices[0].delta, "reasoning_content", None) or "" async for c in stream if c.choices]
        message = whole.choices[0].message
        return [message.content, getattr(message, "reasoning_content", None), "".join(thoughts)]

    answer, thought, streamed = played(act, kind)

    assert (answer or "").startswith("Because of Rayleigh")
    assert thought == streamed == "The user asks why.\n\n"


@both
def test_a_json_schema_reaches_the_model(kind: Kind) -> None:
    """A schema and plain JSON mode both give the object that was asked for."""
    schema: Any = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    plain: Any = {"type": "json_object"}

    async def act(on: Stage) -> list[str | None]:
        chats = on.openai.chat.completions
        said = [
            await chats.create(model="scripted", messages=user("Paris"), response_format=form)
            for form in (schema, plain)
        ]
        return [one.choices[0].message.content for one in said]

    assert played(act, kind) == ['{"city": "Paris", "temp": 21}'] * 2


@both
def test_knobs_reach_the_model(kind: Kind) -> None:
    """Stop words, seed, temperature, length and log probabilities do what they say, whoever answers."""

    async def act(on: Stage) -> list[Any]:
        chats = on.openai.chat.completions
        stopped = await chats.create(model="scripted", messages=user("Hello there"), stop=[" small"], seed=7)
        short = await chats.create(model="scripted", messages=user("count"), max_tokens=3, temperature=0.2)
        newer = await chats.create(model="scripted", messages=user("count"), max_completion_tokens=3)
        told = await chats.create(model="scripted", messages=user("Hello there"), logprobs=True, top_logprobs=2)
        return [stopped.choices[0], short.choices[0], newer.choices[0], told.choices[0]]

    stopped, short, newer, told = played(act, kind)

    assert stopped.message.content == "Hello! I am a"
    assert short.finish_reason == newer.finish_reason == "length"
    assert short.message.content == newer.message.content == " one, two, three,"
    assert "".join(each.token for each in told.logprobs.content) == HELLO


def test_the_knobs_are_translated_by_name() -> None:
    """What an Ollama gets carries the same values under its own names."""

    async def act(on: Stage) -> object:
        await on.openai.chat.completions.create(
            model="scripted", messages=user("x"), seed=7, temperature=0.2, top_p=0.5, max_tokens=3, stop="end"
        )
        return (await on.rehearsal.wait_for_call(path="/api/chat")).json()["options"]

    options = played(act)

    assert options == {"seed": 7, "temperature": 0.2, "top_p": 0.5, "num_predict": 3, "stop": ["end"]}


@pytest.mark.parametrize("script", [Script(models=(SEEING,)), Script(kind="openai", models=(SEEING,))])
def test_an_image_reaches_a_model_that_sees(script: Script) -> None:
    """A data URL goes to an Ollama as bare base64, to others as it is."""
    parts: list[Any] = [
        {"type": "text", "text": "hello"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ]

    async def act(on: Stage) -> tuple[str | None, bytes]:
        messages: list[Any] = [{"role": "user", "content": parts}]
        said = await on.openai.chat.completions.create(model="seeing", messages=messages)
        sent = await on.rehearsal.wait_for_call(path="chat" if script.kind == "ollama" else "completions")
        return said.choices[0].message.content, sent.body

    said, sent = played(act, script)

    assert said == HELLO
    assert PIXEL.encode() in sent
    assert (b"data:image" in sent) == (script.kind == "openai")


@both
def test_the_middle_is_filled_in(kind: Kind) -> None:
    """`suffix` makes a completion a fill-in-the-middle, where editors get their autocomplete from."""

    async def act(on: Stage) -> list[str]:
        completions = on.openai.completions
        whole = await completions.create(model="templated", prompt="def add(a, b):", suffix="\n")
        stream = await completions.create(model="templated", prompt="def add(a, b):", suffix="\n", stream=True)
        pieces = [chunk.choices[0].text async for chunk in stream if chunk.choices]
        return [whole.choices[0].text, "".join(pieces)]

    assert played(act, kind) == [" return a + b"] * 2
