"""What one target has no form for is asked of the next that may answer, and refused by name where there is none."""

import asyncio
from typing import Any

import httpx
import pytest

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import beside, running

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
FORCED = {"tools": [TOOL], "tool_choice": "required"}
TWICE = {"messages": [{"role": "user", "content": "Hello"}, {"role": "user", "content": "there"}]}


def answer(use: str, body: dict[str, Any], *, mode: str = "prefer-local") -> tuple[httpx.Response, int]:
    """What a call to these targets gets, and how often the engine at home was asked to answer or to load."""

    async def act() -> tuple[httpx.Response, int]:
        far_script = Script(kind="openai", flavour="perplexity" if "picky" in use else "openai")
        async with Rehearsal() as near, Rehearsal(far_script) as far:
            config = (
                beside(near, f'mode = "{mode}"\n')
                + f'[providers.far]\npreset = "openai"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
                + f'[providers.picky]\npreset = "perplexity"\naddress = "{far.url}"\nplace = "cloud"\nkey = "env:KEY"\n'
                + f'[models.either]\nuse = {use}\nstrategy = "as_listed"\n'
            )
            async with (
                running(config, {"KEY": "k"}) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                given = {"model": "either", "messages": [{"role": "user", "content": "Hello"}]} | body
                reply = await client.post("/v1/chat/completions", json=given)
                return reply, sum(call.path in ("/api/chat", "/api/generate") for call in near.calls)

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

    assert reply.status_code == httpx.codes.OK
    assert asked
    assert reply.headers["x-hearth-target"] == "ollama/scripted:latest"


@pytest.mark.parametrize(
    ("use", "mode"), [('["ollama/scripted"]', "any"), ('["ollama/scripted", "far/scripted"]', "offline")]
)
def test_where_nobody_may_it_is_refused_by_name(use: str, mode: str) -> None:
    """T33: that somebody in the cloud could is no reason to leave in `offline`."""
    reply, asked = answer(use, FORCED, mode=mode)

    assert (reply.status_code, asked) == (400, 0)
    assert "cannot be made to call a tool" in reply.json()["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Hello"}], **FORCED}),
        (
            "/v1/chat/completions",
            {
                "messages": [{"role": "user", "content": "Hello"}],
                "tools": [TOOL],
                "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
            },
        ),
        ("/v1/responses", {"input": "Hello", "tools": [{"type": "function", "name": "f"}], "tool_choice": "required"}),
        (
            "/v1/messages",
            {
                "messages": [{"role": "user", "content": "Hello"}],
                "max_tokens": 50,
                "tools": [{"name": "f", "input_schema": {"type": "object"}}],
                "tool_choice": {"type": "any"},
            },
        ),
        (
            "/v1beta/models/ollama%2Fscripted:generateContent",
            {
                "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
                "tools": [{"functionDeclarations": [{"name": "f"}]}],
                "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
            },
        ),
        ("/v2/chat", {"messages": [{"role": "user", "content": "Hello"}], "tools": [TOOL], "tool_choice": "REQUIRED"}),
    ],
)
def test_every_dialect_is_told_who_could(path: str, body: dict[str, Any]) -> None:
    """A choice of tools that a model at home has no form for: the words name it, and a model that has."""

    async def act() -> httpx.Response:
        async with Rehearsal() as near, Rehearsal(Script(kind="openai")) as far:
            cloud = f'[providers.far]\npreset = "openai"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
            config = beside(near) + cloud + '[providers.far.models.scripted]\ncapabilities = ["chat", "tools"]\n'
            async with (
                running(config, {"KEY": "k"}) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                named = {} if "v1beta" in path else {"model": "ollama/scripted"}
                return await client.post(path, json=named | body)

    reply = asyncio.run(act())

    assert reply.status_code == httpx.codes.BAD_REQUEST
    assert "cannot be made to call a tool (tool_choice)" in reply.text
    assert "far/scripted" in reply.text


SEARCH = {"tools": [{"type": "web_search"}]}
LONG = "the year of the day " * 1400
"""7,000 tokens: below what the model was trained for, beyond what its engine gives it."""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (FORCED, 400),
        (SEARCH, 400),
        ({"tools": [{"type": "function"}]}, 400),
        ({"messages": [{"role": "user", "content": LONG}]}, 400),
        ({"messages": [{"role": "user", "content": LONG}], "hearth": {"context": "route"}}, 200),
    ],
)
def test_fallback_is_no_way_around_what_a_model_cannot_do(body: dict[str, Any], status: int) -> None:
    """`[fallback]` is for busy, missing and down: a refusal stands, found by the plan or only when asked for.

    A prompt that is too long goes there where the call wishes to be routed.
    """
    model = ModelScript(name="scripted", context_length=32_768, num_ctx=0)

    async def act() -> tuple[httpx.Response, int]:
        async with Rehearsal(Script(models=(model,))) as near, Rehearsal(Script(kind="openai", models=(model,))) as far:
            cloud = f'[providers.far]\npreset = "openai"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
            config = beside(near) + cloud + '[fallback]\ncloud = ["far/scripted"]\n'
            async with (
                running(config, {"KEY": "k"}) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                given = {"model": "scripted", "messages": [{"role": "user", "content": "Hello"}]} | body
                reply = await client.post("/v1/chat/completions", json=given)
                return reply, sum(call.path == "/v1/chat/completions" for call in far.calls)

    reply, left_home = asyncio.run(act())

    assert (reply.status_code, left_home) == (status, int(status == httpx.codes.OK)), reply.text
