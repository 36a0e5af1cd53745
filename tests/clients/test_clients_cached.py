"""The official clients cannot tell an answer from the cache from the one that was kept."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import openai
import pytest

from clients.stage import HELLO, TOOLS, Stage, staged
from hearth.rehearsal import Script

ON = '[cache]\nanswers = "exact"\nembeddings = "exact"\n'
OPENAI = Script(kind="openai")
HELLO_SAID: Any = [{"role": "user", "content": "hello"}]
WEATHER: Any = [{"role": "user", "content": "What is the weather in Oslo?"}]


def asked(stage: Stage) -> int:
    """How often the provider was asked for an answer."""
    return sum(one.method == "POST" and (b'"content"' in one.body or b'"input"' in one.body)
               for one in stage.rehearsal.calls)  # fmt: skip


async def _kept(stage: Stage) -> None:
    cache = stage.home.daemon.core.cache
    assert cache is not None
    async with asyncio.timeout(20):
        while not (await cache.sums()).answers:  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.01)


async def _openai_words(stage: Stage, *, stream: bool) -> tuple[str, str]:
    if not stream:
        whole = await stage.openai.chat.completions.create(model="scripted", messages=HELLO_SAID, temperature=0)
        return whole.choices[0].message.content or "", whole.choices[0].finish_reason
    words, ended = "", ""
    pieces = await stage.openai.chat.completions.create(
        model="scripted", messages=HELLO_SAID, temperature=0, stream=True
    )
    async for piece in pieces:
        for choice in piece.choices:
            words += choice.delta.content or ""
            ended = choice.finish_reason or ended
    return words, ended


@pytest.mark.parametrize("script", [Script(), OPENAI], ids=["ollama", "openai"])
def test_openais_client_reads_both_forms(script: Script) -> None:
    """A stream and a whole reply, the first time and from the cache, say the same to it."""

    async def scene() -> tuple[list[tuple[str, str]], int]:
        async with staged(script, ON) as stage:
            found = [await _openai_words(stage, stream=True)]
            await _kept(stage)
            found += [await _openai_words(stage, stream=stream) for stream in (True, False)]
            return found, asked(stage)

    found, count = asyncio.run(scene())

    assert found == [(HELLO, "stop")] * 3
    assert count == 1


@pytest.mark.parametrize("script", [Script(), OPENAI], ids=["ollama", "openai"])
def test_openais_client_gets_a_tool_call_again(script: Script) -> None:
    """A tool call from the cache has an id, a name and the same arguments, streamed or not."""

    async def scene() -> tuple[list[Any], int]:
        async with staged(script, ON) as stage:
            found: list[Any] = []
            for number in range(3):
                async with stage.openai.chat.completions.stream(
                    model="scripted", messages=WEATHER, tools=TOOLS, temperature=0
                ) as stream:
                    final = await stream.get_final_completion()
                found += final.choices[0].message.tool_calls or []
                if not number:
                    await _kept(stage)
            return found, asked(stage)

    calls, count = asyncio.run(scene())

    assert len(calls) == 3
    assert all(call.id and call.function.name == "get_weather" for call in calls)
    assert len({call.function.arguments for call in calls}) == 1
    assert count == 1


def test_ollamas_client_reads_both_forms() -> None:
    """Its last piece says that it is done, and why, from the cache too."""

    async def scene() -> tuple[list[Any], int]:
        async with staged(Script(), ON) as stage:
            found = []
            for stream in (False, True, True):
                options: Any = {"model": "scripted", "messages": HELLO_SAID, "options": {"temperature": 0}}
                if stream:
                    pieces = [piece async for piece in await stage.ollama.chat(**options, stream=True)]
                    words = "".join(piece.message.content or "" for piece in pieces)
                    found.append((words, pieces[-1].done, pieces[-1].done_reason))
                else:
                    whole = await stage.ollama.chat(**options)
                    found.append((whole.message.content, whole.done, whole.done_reason))
                    await _kept(stage)
            return found, asked(stage)

    found, count = asyncio.run(scene())

    assert found == [(HELLO, True, "stop")] * 3
    assert count == 1


def test_anthropics_client_reads_both_forms() -> None:
    """Messages, streamed and whole, are whole messages to it."""

    async def scene() -> tuple[list[Any], int]:
        async with staged(Script(), ON) as stage:
            client = anthropic.AsyncAnthropic(base_url=stage.home.url, api_key="sk-dummy", max_retries=0)
            options: Any = {"model": "scripted", "max_tokens": 50, "messages": HELLO_SAID}
            options["extra_body"] = {"temperature": 0}
            found = []
            async with client:
                found.append(await client.messages.create(**options))
                await _kept(stage)
                found.append(await client.messages.create(**options))
                async with client.messages.stream(**options) as stream:
                    found.append(await stream.get_final_message())
            return [(one.content[0].text, one.stop_reason) for one in found], asked(stage)

    found, count = asyncio.run(scene())

    assert found == [(HELLO, "end_turn")] * 3
    assert count == 1


def test_the_responses_api_is_answered_again() -> None:
    """A response from the cache, streamed and whole, is complete to OpenAI's client."""

    async def scene() -> tuple[list[Any], int]:
        async with staged(Script(), ON) as stage:
            client: openai.AsyncOpenAI = stage.openai
            options: Any = {"model": "scripted", "input": "hello", "temperature": 0}
            found = [await client.responses.create(**options)]
            await _kept(stage)
            found.append(await client.responses.create(**options))
            async with client.responses.stream(**options) as stream:
                found.append(await stream.get_final_response())
            return [(one.output_text, one.status) for one in found], asked(stage)

    found, count = asyncio.run(scene())

    assert found == [(HELLO, "completed")] * 3
    assert count == 1


def test_vectors_are_given_again() -> None:
    """OpenAI's client asks for base64 and unpacks it, from the cache too."""

    async def scene() -> tuple[list[list[float]], int]:
        async with staged(Script(), ON) as stage:
            found = []
            for _ in range(2):
                reply = await stage.openai.embeddings.create(model="embedder", input="one")
                found.append(reply.data[0].embedding)
                await _kept(stage)
            return found, asked(stage)

    found, count = asyncio.run(scene())

    assert found[0] == found[1]
    assert count == 1
