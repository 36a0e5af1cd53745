"""More stop sequences than a provider takes: refused before anything is sent, whatever the client's dialect."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack

import pytest

from end_to_end.callers import Object, call, calm
from hearth.rehearsal import Rehearsal
from hearth_home import running
from matrix.cast import CLIENTS, PROVIDERS
from matrix.expected import UNASKED

SIX = ["a", "b", "c", "d", "e", "f"]
PLACES: dict[str, Object] = {
    "ollama": {"options": {"stop": SIX}},
    "openai_chat": {"stop": SIX},
    "anthropic": {"stop_sequences": SIX},
    "gemini": {"generationConfig": {"stopSequences": SIX}},
    "cohere": {"stop_sequences": SIX},
}
LEAST = ("gemini", "cohere")
"""Those that take five: ai.google.dev/api/generate-content, docs.cohere.com/reference/chat."""


async def _asked() -> dict[tuple[str, str], tuple[int, str, int]]:
    """Status, error, and how many requests reached the provider, for every client at each of them."""
    async with AsyncExitStack() as stack:
        played, config = {}, calm()
        for name in LEAST:
            played[name] = await stack.enter_async_context(Rehearsal(PROVIDERS[name].script()))
            config += PROVIDERS[name].config(name, played[name].url)
        home = await stack.enter_async_context(running(config))
        seen = {}
        for served, more in PLACES.items():
            for name in LEAST:
                played[name].calls.clear()
                path, body = CLIENTS[served].request("text", f"{name}/{PROVIDERS[name].model}", stream=False)
                answer = await call(home, path, body | more, **dict(CLIENTS[served].headers))
                error = CLIENTS[served].whole(json.loads(answer.body)).error
                sent = [one for one in played[name].calls if one.method == "POST"]
                seen[served, name] = (answer.status, error, len(sent))
        return seen


def test_who_takes_five_is_not_sent_six() -> None:
    """In words that name the limit."""
    for (served, name), (status, error, sent) in asyncio.run(_asked()).items():
        assert (status, sent) == (400, 0), f"{served} at {name}: {error}"
        assert "5 stop sequences" in error


@pytest.mark.parametrize("served", CLIENTS)
def test_every_client_with_a_word_for_it_is_asked(served: str) -> None:
    """A new dialect is asked too."""
    assert served in PLACES or "stop" in UNASKED.get(served, ())
