"""What a provider sealed into a turn goes back to it, whatever the client's dialect, and to nobody else.

Neither to a provider of another dialect, nor to another provider of the same one.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from end_to_end.callers import Answer, call, calm
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, running
from matrix.cast import ALL, CLIENTS, PROVIDERS
from matrix.heard import Object
from matrix.other_clients import gemini_body
from matrix.questions import Feature
from matrix.replays import replay

SEALS = {
    "anthropic": "sealed-by-the-rehearsal:",
    "gemini": "c2VhbGVkIGJ5IHRoZSByZWhlYXJzYWw=",
    "openai_responses": "gAAAAA-rehearsed-",
}
"""How what each of them seals looks, as the rehearsal plays it."""
OTHERS = [name for name in PROVIDERS if name != "replicate"]
"""Who can be asked to go on with tools."""
QUESTION = "why is the weather in Paris so"


def _thoughtful(served: str) -> Object:
    """A question with a tool, to a model that is to think first."""
    tools: Feature = "tools"
    asked = CLIENTS[served].body(tools) | {
        name: value for name, value in CLIENTS[served].body("thinking").items() if name in _WISHES
    }
    if served == "gemini":
        asked["generationConfig"] = gemini_body("thinking")["generationConfig"]
    if served == "openai_responses":
        asked["include"] = ["reasoning.encrypted_content"]
    return _reworded(asked)


_WISHES = ("think", "reasoning_effort", "reasoning", "thinking")


def _reworded(body: Object) -> Object:
    for name in ("messages", "input"):
        if name in body:
            body[name][-1]["content"] = QUESTION
    if "contents" in body:
        body["contents"][-1]["parts"][0]["text"] = QUESTION
    return body


async def _ask(home: Home, served: str, called: str, body: Object) -> Answer:
    client, model = CLIENTS[served], f"{called}/{PROVIDERS[called].model}"
    path, named = client.path.format(model), {} if "{}" in client.path else {"model": model, "stream": False}
    return await call(home, path, named | body, User_Agent="editor", **dict(client.headers))


async def _conversation(served: str, maker: str) -> dict[str, tuple[Answer, bytes]]:
    """One turn at the maker, then the next at everybody: what came of it, and what each of them was sent."""
    async with AsyncExitStack() as stack:
        config, played = calm() + "[retry]\nattempts = 1\n", {}
        for name in OTHERS:
            played[name] = await stack.enter_async_context(Rehearsal(PROVIDERS[name].script()))
            config += PROVIDERS[name].config(name, played[name].url)
        home = await stack.enter_async_context(running(config))
        body = _thoughtful(served)
        first = await _ask(home, served, maker, body)
        assert first.status == 200, first.body
        following = replay(served, body, first.body)
        seen = {}
        for name in OTHERS:
            answer = await _ask(home, served, name, following)
            seen[name] = answer, next(one.body for one in reversed(played[name].calls) if one.method == "POST")
        return seen


@pytest.mark.parametrize("maker", SEALS)
@pytest.mark.parametrize("served", CLIENTS)
def test_what_is_sealed_goes_back_to_its_maker_alone(served: str, maker: str) -> None:
    """The maker gets its signature or its encrypted reasoning back, kept here where the client's dialect drops it.

    Any other provider goes on with the conversation without it.
    """
    seen = asyncio.run(_conversation(served, maker))

    for name, (answer, sent) in seen.items():
        assert answer.status == 200, f"{name}: {answer.body[:400]!r} for {sent[:900]!r}"
        assert (SEALS[maker] in sent.decode()) == (name == maker), f"{name}: {sent[:900]!r}"


async def _among_twins(served: str, dialect: str) -> tuple[list[Answer], list[bytes]]:
    """One turn at a provider, then the next at the same one and at another of its dialect; and what both were sent."""
    async with AsyncExitStack() as stack:
        config, played = calm() + "[retry]\nattempts = 1\n", []
        for name in ("maker", "twin"):
            played.append(await stack.enter_async_context(Rehearsal(PROVIDERS[dialect].script())))
            config += PROVIDERS[dialect].config(name, played[-1].url)
        home = await stack.enter_async_context(running(config))
        client, model = CLIENTS[served], PROVIDERS[dialect].model

        async def ask(name: str, body: Object) -> Answer:
            path = client.path.format(f"{name}%2F{model}")
            named = {} if "{}" in client.path else {"model": f"{name}/{model}", "stream": False}
            return await call(home, path, named | body, User_Agent="editor", **dict(client.headers))

        body = _thoughtful(served)
        first = await ask("maker", body)
        following = replay(served, body, first.body)
        answers = [first, await ask("maker", following), await ask("twin", following)]
        return answers, [next(one.body for one in reversed(far.calls) if one.method == "POST") for far in played]


@pytest.mark.parametrize("dialect", SEALS)
@pytest.mark.parametrize("served", CLIENTS)
def test_another_provider_of_the_same_dialect_gets_no_seal_of_the_first(served: str, dialect: str) -> None:
    """Two that speak alike cannot read each other's seals: the second goes on without what the first one sealed."""
    answers, (maker, twin) = asyncio.run(_among_twins(served, dialect))

    assert [answer.status for answer in answers] == [200, 200, 200], answers[-1].body
    assert SEALS[dialect] in maker.decode(), maker[:900]
    assert SEALS[dialect] not in twin.decode(), twin[:900]


async def _at_the_router(served: str) -> tuple[Answer, Object]:
    """Two turns at OpenRouter: the second answer, and what was sent for it."""
    script = Script(kind="openai", flavour="openrouter", models=(ModelScript(name="thinker", capabilities=ALL),))
    async with Rehearsal(script) as far:
        table = f'[providers.openrouter]\naddress = "{far.url}/v1"\nkey = "sk-test"\n'
        async with running(calm() + table) as home:
            client = CLIENTS[served]
            path = client.path.format("openrouter%2Fthinker")
            named = {} if "{}" in client.path else {"model": "openrouter/thinker", "stream": False}
            body = _thoughtful(served)
            first = await call(home, path, named | body, User_Agent="editor", **dict(client.headers))
            following = replay(served, body, first.body)
            second = await call(home, path, named | following, User_Agent="editor", **dict(client.headers))
        sent = json.loads(next(one.body for one in reversed(far.calls) if one.method == "POST"))
        return second, sent


@pytest.mark.parametrize("served", [name for name in CLIENTS if name not in ("openai_chat", "openai_responses")])
def test_openrouter_gets_its_details_back(served: str) -> None:
    """It wants the `reasoning_details` of a turn with calls back unmodified (wire/providers §4.10), from any client.

    Clients of its own two dialects get them as they are, and bring them along themselves.
    """
    answer, sent = asyncio.run(_at_the_router(served))

    turn = next(turn for turn in sent["messages"] if turn["role"] == "assistant")
    assert answer.status == 200, answer.body
    assert [detail["type"] for detail in turn.get("reasoning_details", ())] == ["reasoning.text"]


def test_openrouter_gets_sealed_thoughts_back_by_its_responses_api() -> None:
    """A client of that API that asks for them sealed is answered by it there too, and they come back as they went."""
    answer, sent = asyncio.run(_at_the_router("openai_responses"))

    assert answer.status == 200, answer.body
    assert [bool(item.get("encrypted_content")) for item in sent["input"] if item.get("type") == "reasoning"] == [True]


async def _budgeted() -> tuple[list[int], Object]:
    """A Claude that thinks to a budget calls a tool; another account goes on with the turn."""
    script = Script(kind="anthropic", models=(ModelScript(name="claude-sonnet-4-5", capabilities=ALL),))
    async with Rehearsal(script) as first, Rehearsal(script) as second:
        tables = "".join(
            f'[providers.{name}]\npreset = "anthropic"\naddress = "{far.url}"\nkey = "sk-test"\n'
            for name, far in (("maker", first), ("twin", second))
        )
        async with running(calm() + tables) as home:
            body = _thoughtful("anthropic") | {
                "thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4000, "stream": False
            }  # fmt: skip
            asked = await call(home, "/v1/messages", {"model": "maker/claude-sonnet-4-5", **body})
            following = replay("anthropic", body, asked.body)
            answered = await call(home, "/v1/messages", {"model": "twin/claude-sonnet-4-5", **following})
        return [asked.status, answered.status], json.loads(second.calls[-1].body)


def test_a_turn_that_lost_its_seal_is_resumed_without_a_budget_for_thoughts() -> None:
    """Anthropic refuses to think in the middle of a turn that does not begin with thinking; it would be a dead end."""
    statuses, sent = asyncio.run(_budgeted())

    assert statuses == [200, 200]
    assert "thinking" not in sent
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["tool_use"]
