"""How many tokens a chat request has, for OpenAI's callers: the engine's own count, else an estimate that says so."""

from typing import Any

import httpx
import pytest

from clients.stage import Stage, played
from hearth.rehearsal import Script

LLAMA = Script(kind="openai", flavour="llama-server")
MESSAGES = [{"role": "user", "content": "How is the weather in Paris today?"}]
CHAT = {"model": "scripted", "messages": MESSAGES, "stream": True}


def counted(part: Script, path: str = "/v1/chat/completions/input_tokens", **body: object) -> tuple[Any, list[str]]:
    """The reply, and where the provider was asked."""

    async def act(on: Stage) -> tuple[Any, list[str]]:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            reply = await client.post(path, json={**CHAT, **body})
        return reply, [call.path for call in on.rehearsal.calls if call.method == "POST" and "show" not in call.path]

    return played(act, part)


def test_an_engine_that_counts_is_asked() -> None:
    """A llama-server's own number, and nothing is generated."""
    reply, asked = counted(LLAMA)

    assert reply.json() == {"object": "response.input_tokens", "input_tokens": 8}
    assert "X-Hearth-Estimated" not in reply.headers
    assert asked == ["/v1/chat/completions/input_tokens"]


@pytest.mark.parametrize("part", [Script(), Script(kind="openai")], ids=["ollama", "generic"])
def test_elsewhere_it_is_an_estimate_that_says_so(part: Script) -> None:
    """Ollama and most others count nothing without answering: nobody is asked."""
    reply, asked = counted(part)

    assert reply.json()["input_tokens"] > 5
    assert reply.headers["X-Hearth-Estimated"] == "true"
    assert asked == []


def test_callers_of_other_dialects_get_the_engines_count_too() -> None:
    """`/v1/responses/input_tokens` and `/v1/messages/count_tokens`, over a llama-server."""
    responses, asked = counted(LLAMA, "/v1/responses/input_tokens", input="How is the weather?", stream=None)
    messages, _ = counted(LLAMA, "/v1/messages/count_tokens", max_tokens=5, stream=None)

    assert responses.json()["input_tokens"] == 5
    assert messages.json()["input_tokens"] == 8
    assert asked == ["/v1/chat/completions/input_tokens"]


def test_a_server_too_old_to_count_is_estimated() -> None:
    """Its 404 for the route is no refusal of the request."""
    quirk = '[providers.box.quirks]\ncount_path = "chat/completions/input_tokens"\n'

    async def act(on: Stage) -> httpx.Response:
        async with httpx.AsyncClient(base_url=on.home.url) as client:
            return await client.post("/v1/chat/completions/input_tokens", json=CHAT)

    reply = played(act, Script(kind="openai"), quirk)

    assert reply.status_code == 200
    assert reply.headers["X-Hearth-Estimated"] == "true"


def test_what_cannot_be_answered_is_not_counted() -> None:
    """A model that nobody has is a 404 here as on the route itself."""
    reply, asked = counted(LLAMA, model="nobody-has-this")

    assert reply.status_code == 404
    assert asked == []
