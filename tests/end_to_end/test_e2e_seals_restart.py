"""Conversations with sealed thinking that go on after a restart of Hearth."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from end_to_end.callers import Answer, Object, call, calm
from end_to_end.test_e2e_provider_state import QUESTION, THINKER, TOOL
from hearth.rehearsal import Rehearsal, Script
from hearth_home import Home, make

MODEL = "claude-sonnet-4-5"


@asynccontextmanager
async def a_run(folder: str, config: str) -> AsyncIterator[Home]:
    """One run of the daemon of a folder that outlives it."""
    daemon = make(Path(folder), config)
    await daemon.start()
    try:
        port = next(int(one.rpartition(":")[2]) for one in daemon.core.listening if one.startswith("http"))
        yield Home(daemon, port, daemon.paths.socket, Path(folder))
    finally:
        await daemon.stop()


def anthropic(name: str, far: Rehearsal) -> str:
    return f'[providers.{name}]\ndialect = "anthropic"\naddress = "{far.url}/v1"\nkey = "sk-any"\n'


def messages(name: str, *turns: Object) -> Object:
    """A request of an Anthropic client that thinks."""
    thinking = {"type": "enabled", "budget_tokens": 1024}
    return {"model": f"{name}/{MODEL}", "max_tokens": 4096, "thinking": thinking, "messages": list(turns)}


@pytest.mark.parametrize(("asked", "kept"), [("one", True), ("two", False)])
def test_a_seal_goes_back_to_its_maker_and_to_nobody_else_after_a_restart(asked: str, kept: bool) -> None:
    """Two providers speak one dialect: the other would refuse the turn for a signature that it did not make."""
    script = Script(kind="anthropic", models=THINKER)

    async def scene() -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            async with Rehearsal(script) as one, Rehearsal(script) as two:
                config = calm() + anthropic("one", one) + anthropic("two", two)
                async with a_run(folder, config) as home:
                    first = await call(home, "/v1/messages", messages("one", QUESTION))
                    await call(home, "/v1/messages", messages("two", QUESTION))
                turn: Object = {"role": "assistant", "content": first.json()["content"]}
                async with a_run(folder, config) as home:
                    body = messages(asked, QUESTION, turn, {"role": "user", "content": "And then?"})
                    assert (await call(home, "/v1/messages", body)).status == 200
                last = [made.body for made in (one if asked == "one" else two).calls if made.body][-1]
                arrived = json.loads(last)["messages"][1]["content"]
                assert not kept or arrived == first.json()["content"]
                return [block["type"] for block in arrived]

    assert asyncio.run(scene()) == (["thinking", "text"] if kept else ["text"])


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
@pytest.mark.parametrize(
    ("dialect", "kind"), [("anthropic", "anthropic"), ("openai_responses", "openai"), ("gemini", "gemini")]
)
def test_a_tool_turn_whose_thoughts_are_forgotten_is_answered_all_the_same(
    path: str, dialect: str, kind: Literal["anthropic", "openai", "gemini"]
) -> None:
    """Thoughts are kept in memory alone: after a restart the turn goes without them, and is refused by nobody."""
    script = Script(kind=kind, models=THINKER)

    async def scene() -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            async with Rehearsal(script) as far:
                version = "v1beta" if dialect == "gemini" else "v1"
                config = (
                    f'{calm()}[providers.far]\ndialect = "{dialect}"\naddress = "{far.url}/{version}"\nkey = "sk-any"\n'
                )
                wish: Object = {"think": True} if path == "/api/chat" else {"reasoning_effort": "high"}
                body: Object = {"model": f"far/{MODEL}", "tools": [TOOL], "stream": False, **wish}
                async with a_run(folder, config) as home:
                    first = (await call(home, path, body | {"messages": [QUESTION]})).json()
                turn = first["message"] if "message" in first else first["choices"][0]["message"]
                turn = {name: turn[name] for name in ("role", "content", "tool_calls") if name in turn}
                (made, *_) = turn["tool_calls"]
                named = {"tool_call_id": made["id"]} if "type" in made else {"tool_name": made["function"]["name"]}
                result = {"role": "tool", "content": "Rain.", **named}
                async with a_run(folder, config) as home:
                    return await call(home, path, body | {"messages": [QUESTION, turn, result]})

    answer = asyncio.run(scene())

    assert answer.status == 200, answer.body
