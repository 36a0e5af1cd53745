"""Anthropic's official client before a daemon, and behind it a provider of any kind: the stage of Messages' tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import anthropic
import ollama
import openai

from clients import stage
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home

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
    """Set the common stage, and Anthropic's client on it."""
    provider = claude if script.kind == "anthropic" else None
    async with (
        stage.staged(script, more, provider, after=after, environ={"CLAUDE": KEY}) as on,
        anthropic.AsyncAnthropic(base_url=on.home.url, api_key="dummy", max_retries=0) as asks,
    ):
        yield Stage(asks, *on)


def played(act: Callable[[Stage], Awaitable[T]], kind: str | Script = "ollama", more: str = "", after: str = "") -> T:
    """Play one act before a provider of this kind, and return what it saw."""
    return stage.acted(act, staged(SCRIPTS[kind] if isinstance(kind, str) else kind, more, after))


def user(content: object) -> Any:  # noqa: ANN401 -- the SDK's own type of messages
    """A conversation of one turn."""
    return [{"role": "user", "content": content}]
