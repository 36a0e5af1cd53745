"""What only a server of the Responses API can do: refused by name elsewhere, passed on to one, asked of one by all."""

import asyncio
import json
from typing import Any

import openai
import pytest

from clients.responses_stage import MODELS, WEATHER, Stage, played
from clients.stage import HELLO
from hearth.rehearsal import Rehearsal, Script
from hearth_home import running


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ({"tools": [{"type": "web_search"}]}, "web_search"),
        ({"tools": [WEATHER, {"type": "code_interpreter", "container": {"type": "auto"}}]}, "code_interpreter"),
        ({"tools": [WEATHER, {"type": "web_search"}], "tool_choice": {"type": "web_search"}}, "web_search"),
        ({"tools": [{"type": "mcp", "server_label": "x", "server_url": "https://x.example"}]}, "mcp"),
        ({"tools": [WEATHER, {"type": "local_shell"}]}, "local_shell"),
        ({"background": True}, "background"),
        ({"previous_response_id": "resp_1"}, "store = true"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"tools": [WEATHER], "tool_choice": "required"}, "cannot be made to call"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item_reference"),
    ],
)
def test_what_only_openai_can_do_is_refused_by_name(asked: dict[str, Any], word: str) -> None:
    """An Ollama runs no web search and keeps no responses: 400, in words, and nothing is sent to it."""

    async def act(on: Stage) -> tuple[openai.BadRequestError, int]:
        before = len(on.rehearsal.calls)
        with pytest.raises(openai.BadRequestError) as refused:
            await on.client.responses.create(**{"model": "scripted", "input": "Hello there", **asked})
        return refused.value, len([call for call in on.rehearsal.calls[before:] if call.path == "/api/chat"])

    refused, sent = played(act, "ollama")

    assert word in str(refused)
    assert sent == 0


def test_what_openai_can_do_is_passed_on_to_it() -> None:
    """Before a server of the Responses API built-in tools and its own errors pass as they are."""

    async def act(on: Stage) -> tuple[Any, openai.BadRequestError, bytes]:
        tools: Any = [WEATHER, {"type": "web_search"}]
        response = await on.client.responses.create(model="scripted", input="Hello there", tools=tools)
        sent = on.rehearsal.calls[-1].body
        with pytest.raises(openai.BadRequestError) as refused:
            await on.client.responses.create(model="scripted", input="x", previous_response_id="resp_1")
        return response, refused.value, sent

    response, refused, sent = played(act, "openai_responses")

    assert response.output_text == HELLO
    assert b'{"type":"web_search"}' in sent
    assert refused.code == "previous_response_not_found"


def test_chat_callers_reach_a_responses_server_with_tools_and_thinking() -> None:
    """A model that refuses tools beside thinking on the chat route answers them there (wire/providers §0.1)."""
    tool: Any = {"type": "function", "function": {name: WEATHER[name] for name in ("name", "parameters")}}

    async def act(on: Stage) -> tuple[Any, Any, dict[str, Any]]:
        turns: Any = [{"role": "user", "content": "Tell me why the weather is fine."}]
        asked: Any = {"model": "gpt-6-rehearsed", "tools": [tool], "reasoning_effort": "high"}
        first = await on.client.chat.completions.create(messages=turns, **asked)
        turns.append(first.choices[0].message.model_dump(exclude_none=True))
        turns += [
            {"role": "tool", "tool_call_id": call.id, "content": "21"}
            for call in first.choices[0].message.tool_calls or ()
        ]
        second = await on.client.chat.completions.create(messages=turns, temperature=0.5, **asked)
        return first, second, json.loads(on.rehearsal.calls[-1].body)

    first, second, sent = played(act, "openai_responses")

    assert first.choices[0].finish_reason == "tool_calls"
    assert first.choices[0].message.reasoning_content == "I need the weather.\n"
    assert second.choices[0].message.content.startswith("It is 21 degrees")
    assert (sent["store"], sent["include"]) == (False, ["reasoning.encrypted_content"])
    assert (sent["reasoning"], "temperature" in sent) == ({"effort": "high", "summary": "auto"}, False)


def test_thinking_that_its_maker_sealed_goes_back_to_it() -> None:
    """A caller whose thinking is hidden gets no summary, yet the seal, and the maker takes it back with the calls."""

    async def act(on: Stage) -> tuple[Any, Any, list[Any]]:
        asked: Any = {"model": "thinker", "tools": [WEATHER], "reasoning": {"effort": "low"}}
        asked["extra_body"] = {"hearth": {"thinking": "hide"}}
        first = await on.client.responses.create(input="Tell me why the weather is fine.", **asked)
        turns: Any = [{"role": "user", "content": "why the weather"}, *first.output]
        turns.append({"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "21"})
        second = await on.client.responses.create(input=turns, **asked)
        return first, second, json.loads(on.rehearsal.calls[-1].body)["input"]

    first, second, sent = played(act, "openai_responses")

    assert [item.type for item in first.output] == ["reasoning", "function_call"]
    assert first.output[0].summary == []
    assert first.output[0].encrypted_content
    assert second.output_text.startswith("It is 21 degrees")
    assert [item["type"] for item in sent] == ["message", "reasoning", "function_call", "function_call_output"]


def test_one_provider_is_called_in_two_dialects() -> None:
    """OpenAI's newer models are called by the Responses API and its older ones by chat, for callers of either."""

    async def act() -> tuple[list[str], list[Any]]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as openai_like:
            preset = f'[providers.openai]\npreset = "openai"\naddress = "{openai_like.url}/v1"\nkey = "env:KEY"\n'
            async with (
                running(preset, {"KEY": "sk-rehearsed"}) as home,
                openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="dummy", max_retries=0) as client,
            ):
                seen: list[Any] = []
                for model in ("openai/gpt-6-rehearsed", "openai/scripted"):
                    chat = await client.chat.completions.create(
                        model=model, messages=[{"role": "user", "content": "Hello there"}]
                    )
                    made = await client.responses.create(model=model, input="Hello there", store=False)
                    seen += [chat.choices[0].message.content, made.output_text]
                searched = await client.responses.create(
                    model="openai/gpt-6-rehearsed", input="Hello there", tools=[{"type": "web_search"}]
                )
                seen.append(searched.output_text)
                counted = await client.responses.input_tokens.count(model="openai/gpt-6-rehearsed", input="Hello there")
                paths = [call.path for call in openai_like.calls if call.method == "POST"]
                assert all(call.header("Authorization") == "Bearer sk-rehearsed" for call in openai_like.calls)
                return [*paths, str(counted.input_tokens > 0)], seen

    paths, seen = asyncio.run(act())

    chat, responses = "/v1/chat/completions", "/v1/responses"
    assert paths == [responses, responses, chat, chat, responses, f"{responses}/input_tokens", "True"]
    assert seen == [HELLO] * 5
