"""A tool is called in two turns by clients whose dialect has no place for what the provider wants back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from end_to_end.callers import Object, call, calm
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import THINKING
from hearth_home import running

TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
THINKER = (ModelScript(name="claude-sonnet-4-5", capabilities=THINKING),)
QUESTION: Object = {"role": "user", "content": "Why is the weather so?"}


def _provider(kind: str, rehearsal: Rehearsal) -> str:
    return f'[providers.far]\n{kind}\naddress = "{rehearsal.url}/v1"\nkey = "sk-any"\n'


async def _two_turns(kind: str, script: Script, path: str) -> tuple[list[Any], Rehearsal]:
    """Ask, call the tool, bring its answer; the last request is what the provider got."""
    async with Rehearsal(script) as far, running(calm() + _provider(kind, far), {}) as home:
        body: Object = {"model": "far/claude-sonnet-4-5", "messages": [QUESTION], "tools": [TOOL], "stream": False}
        first = await call(home, path, body | _wish(path), User_Agent="editor")
        turn = _turn(first.json())
        result = {"role": "tool", "content": "Rain.", **_names(turn)}
        second = await call(home, path, body | {"messages": [QUESTION, turn, result]}, User_Agent="editor")
        return [first, second], far


def _wish(path: str) -> Object:
    return {"think": True} if path == "/api/chat" else {"reasoning_effort": "high"}


def _turn(reply: Object) -> Object:
    """What such a client keeps of the turn: its calls, without the thinking."""
    turn: Object = reply["message"] if "message" in reply else reply["choices"][0]["message"]
    return {name: turn[name] for name in ("role", "content", "tool_calls") if name in turn}


def _names(turn: Object) -> Object:
    (one, *_) = turn["tool_calls"]
    return {"tool_call_id": one["id"]} if "type" in one else {"tool_name": one["function"]["name"]}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
def test_what_the_provider_sealed_comes_back_to_it(path: str) -> None:
    """OpenAI's Responses, called for clients of two other dialects: the reasoning item precedes its call again."""
    script = Script(kind="openai", models=THINKER)

    answers, far = asyncio.run(_two_turns('dialect = "openai_responses"', script, path))

    assert [one.status for one in answers] == [200, 200], answers[-1].body
    items = json.loads(far.calls[-1].body)["input"]
    kinds = [item.get("type", "message") for item in items]
    assert kinds.index("reasoning") < kinds.index("function_call")


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
def test_a_signature_comes_back_to_anthropic(path: str) -> None:
    """A turn with calls begins with its thinking block, signed as it came."""
    answers, far = asyncio.run(_two_turns('dialect = "anthropic"', Script(kind="anthropic", models=THINKER), path))

    assert [one.status for one in answers] == [200, 200], answers[-1].body
    turn = next(one for one in json.loads(far.calls[-1].body)["messages"] if one["role"] == "assistant")
    assert [block["type"] for block in turn["content"]] == ["thinking", "tool_use"]


def test_deepseek_gets_its_thinking_back() -> None:
    """A client of Ollama's dialect drops `thinking`; DeepSeek refuses a tool turn without it (wire/providers §4.11)."""
    script = Script(kind="openai", flavour="deepseek", models=THINKER)

    answers, far = asyncio.run(_two_turns('preset = "deepseek"', script, "/api/chat"))

    assert [one.status for one in answers] == [200, 200], answers[-1].body
    turn = next(one for one in json.loads(far.calls[-1].body)["messages"] if one["role"] == "assistant")
    assert turn["reasoning_content"]
