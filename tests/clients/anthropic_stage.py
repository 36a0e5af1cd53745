"""Anthropic's official client before a daemon, and behind it a provider of any kind: the stage of Messages' tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import anthropic
import ollama
import openai

from clients.stage import box
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
    async with AsyncExitStack() as stack:
        rehearsal = await stack.enter_async_context(Rehearsal(script))
        config = {"ollama": beside, "openai": box, "anthropic": claude}[script.kind](rehearsal, more) + after
        home = await stack.enter_async_context(running(config, {"CLAUDE": KEY}))
        await home.daemon.inventory.everywhere()
        asks = await stack.enter_async_context(
            anthropic.AsyncAnthropic(base_url=home.url, api_key="dummy", max_retries=0)
        )
        talks = await stack.enter_async_context(
            openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="dummy", max_retries=0)
        )
        chats = ollama.AsyncClient(home.url)
        stack.push_async_callback(chats._client.aclose)  # noqa: SLF001 -- this client has no public way to close
        yield Stage(asks, talks, chats, home, rehearsal)
        assert not rehearsal.panics


def played(act: Callable[[Stage], Awaitable[T]], kind: str | Script = "ollama", more: str = "", after: str = "") -> T:
    """Play one act before a provider of this kind, and return what it saw."""

    async def play() -> T:
        async with staged(SCRIPTS[kind] if isinstance(kind, str) else kind, more, after) as stage:
            return await act(stage)

    return asyncio.run(play())


def user(content: object) -> Any:  # noqa: ANN401 -- the SDK's own type of messages
    """A conversation of one turn."""
    return [{"role": "user", "content": content}]
