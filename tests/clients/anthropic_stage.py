"""Anthropic's official client before a daemon, and behind it a provider of any kind: the stage of Messages' tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import anthropic
import ollama
import openai

from clients.stage import acted, box, clients
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, beside, running

T = TypeVar("T")
KEY = "sk-ant-test"
ALL = ("tools", "thinking", "completion", "vision")
MODELS = (
    ModelScript(name="scripted", capabilities=ALL),
    ModelScript(name="claude-opus-5", capabilities=ALL, context_length=100_000),
    ModelScript(name="claude-haiku-4-5", capabilities=ALL, context_length=100_000),
    ModelScript(name="breaks", capabilities=ALL),
    ModelScript(name="small", capabilities=ALL, context_length=128, num_ctx=128),
)
TOOL: Any = {
    "name": "get_weather",
    "description": "Weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SCRIPTS = {
    "ollama": Script(kind="ollama", models=MODELS),
    "openai": Script(kind="openai", flavour="llama-server", models=MODELS),
    "anthropic": Script(kind="anthropic", models=MODELS, keys=(KEY,)),
}


class Stage(NamedTuple):
    """Everybody on it."""

    claude: anthropic.AsyncAnthropic
    openai: openai.AsyncOpenAI
    ollama: ollama.AsyncClient
    home: Home
    rehearsal: Rehearsal


def claude(rehearsal: Rehearsal, more: str = "") -> str:
    """A config whose one provider is this rehearsal, played as Anthropic."""
    where = f'[providers.box]\npreset = "anthropic"\naddress = "{rehearsal.url}"\nplace = "cloud"\nkey = "env:CLAUDE"\n'
    return f"{more}\n{where}"


@asynccontextmanager
async def staged(script: Script, more: str = "", after: str = "") -> AsyncIterator[Stage]:
    """Set the stage: the script says who answers; `more` stands before the provider in the config, `after` in it."""
    write = {"ollama": beside, "openai": box, "anthropic": claude}[script.kind]
    async with (
        Rehearsal(script) as rehearsal,
        running(write(rehearsal, more) + after, {"CLAUDE": KEY}) as home,
        anthropic.AsyncAnthropic(base_url=home.url, api_key="dummy", max_retries=0) as asks,
        clients(home) as (talks, chats),
    ):
        await home.daemon.inventory.everywhere()
        yield Stage(asks, talks, chats, home, rehearsal)
        assert not rehearsal.panics


def played(act: Callable[[Stage], Awaitable[T]], kind: str | Script = "ollama", more: str = "", after: str = "") -> T:
    """Play one act before a provider of this kind, and return what it saw."""
    return acted(act, staged(SCRIPTS[kind] if isinstance(kind, str) else kind, more, after))


def user(content: object) -> Any:  # noqa: ANN401 -- the SDK's own type of messages
    """A conversation of one turn."""
    return [{"role": "user", "content": content}]
