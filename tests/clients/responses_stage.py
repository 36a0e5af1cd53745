"""The stage for the Responses API: the official client, a daemon, and behind it an engine of each of three dialects."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, NamedTuple, TypeVar

import openai

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import CHAT, THINKING
from hearth_home import Home, beside, running

T = TypeVar("T")
Upstream = Literal["ollama", "openai_chat", "openai_responses"]
UPSTREAMS: tuple[Upstream, ...] = ("ollama", "openai_chat", "openai_responses")
MODELS = (
    ModelScript(name="scripted", capabilities=(*CHAT, "vision")),
    ModelScript(name="thinker", capabilities=THINKING),
    ModelScript(name="gpt-6-rehearsed", capabilities=THINKING),
    ModelScript(name="breaks"),
    ModelScript(name="slow", tokens_per_second=20.0),
)
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": False,
}


class Stage(NamedTuple):
    """Everybody on it."""

    client: openai.AsyncOpenAI
    home: Home
    rehearsal: Rehearsal


def config(rehearsal: Rehearsal, upstream: Upstream, more: str = "") -> str:
    """A config whose one provider is this rehearsal, called in this dialect."""
    if upstream == "ollama":
        return beside(rehearsal, more)
    return f'{more}\n[providers.box]\ndialect = "{upstream}"\naddress = "{rehearsal.url}/v1"\n'


def played(act: Callable[[Stage], Awaitable[T]], upstream: Upstream, more: str = "") -> T:
    """Play one act before an engine of this dialect, and return what it saw."""

    async def play() -> T:
        if upstream == "ollama":
            script = Script(models=MODELS)
        elif upstream == "openai_chat":
            script = Script(kind="openai", flavour="llama-server", models=MODELS)
        else:
            script = Script(kind="openai", models=MODELS)
        async with Rehearsal(script) as rehearsal, running(config(rehearsal, upstream, more)) as home:
            async with openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="sk-dummy", max_retries=0) as client:
                seen = await act(Stage(client, home, rehearsal))
            assert not rehearsal.panics
            return seen

    return asyncio.run(play())
