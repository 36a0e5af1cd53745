"""What one target has no form for is asked of the next that may answer, and refused by name where there is none."""

import asyncio
from typing import Any

import httpx
import pytest

from hearth.rehearsal import Rehearsal, Script
from hearth_home import beside, running

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
FORCED = {"tools": [TOOL], "tool_choice": "required"}
TWICE = {"messages": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "there"}]}


def answer(use: str, body: dict[str, Any], *, mode: str = "prefer-local") -> tuple[httpx.Response, int]:
    """What a call to these targets gets, and how often the engine at home was asked for a chat."""

    async def act() -> tuple[httpx.Response, int]:
        far_script = Script(kind="openai", flavour="perplexity" if "picky" in use else "openai")
        async with Rehearsal() as near, Rehearsal(far_script) as far:
            config = (
                beside(near, f'mode = "{mode}"\n')
                + f'[providers.far]\npreset = "openai"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
                + f'[providers.picky]\npreset = "perplexity"\naddress = "{far.url}"\nplace = "cloud"\nkey = "env:KEY"\n'
                + f'[models.either]\nuse = {use}\nstrategy = "as_listed"\n'
            )
            async with running(config, {"KEY": "k"}) as home, httpx.AsyncClient(base_url=home.url) as client:
                given = {"model": "either", "messages": [{"role": "user", "content": "Hello"}]} | body
                reply = await client.post("/v1/chat/completions", json=given)
                return reply, sum(call.path == "/api/chat" for call in near.calls)

    return asyncio.run(act())


def test_a_choice_of_tools_goes_to_who_has_a_form_for_it() -> None:
    """An Ollama cannot be made to call a tool; the next target can."""
    reply, asked = answer('["ollama/scripted", "far/scripted"]', FORCED)

    assert (reply.status_code, asked) == (200, 0)
    assert reply.headers["x-hearth-target"] == "far/scripted"
    assert reply.headers["x-hearth-reason"] == "refused:ability"
    assert reply.json()["choices"][0]["message"]["tool_calls"]


def test_two_turns_alike_go_to_who_does_not_mind() -> None:
    """Perplexity would refuse them; the model at home takes them."""
    reply, asked = answer('["picky/scripted", "ollama/scripted"]', TWICE)

    assert (reply.status_code, asked) == (200, 1)
    assert reply.headers["x-hearth-target"] == "ollama/scripted:latest"


@pytest.mark.parametrize(
    ("use", "mode"), [('["ollama/scripted"]', "any"), ('["ollama/scripted", "far/scripted"]', "offline")]
)
def test_where_nobody_may_it_is_refused_by_name(use: str, mode: str) -> None:
    """T33: that somebody in the cloud could is no reason to leave in `offline`."""
    reply, asked = answer(use, FORCED, mode=mode)

    assert (reply.status_code, asked) == (400, 0)
    assert "cannot be made to call a tool" in reply.json()["error"]["message"]
