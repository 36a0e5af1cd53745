"""Google's official client before a daemon, and behind it a provider of any kind: the stage of Gemini's tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import ollama
import openai
from google import genai
from google.genai.types import HttpOptions

from clients import stage
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home

T = TypeVar("T")
KEY = "AIza-test"
ALL = ("tools", "thinking", "completion", "vision")
MODELS = (
    ModelScript(name="scripted", capabilities=ALL),
    ModelScript(name="gemini-2.5-flash", capabilities=ALL, context_length=100_000),
    ModelScript(name="gemini-3-pro", capabilities=ALL, context_length=100_000),
    ModelScript(name="breaks", capabilities=ALL),
    ModelScript(name="small", capabilities=ALL, context_length=128, num_ctx=128),
    ModelScript(name="embedder", embedding_length=16, capabilities=("embedding",)),
)
SCRIPTS = {
    "ollama": Script(kind="ollama", models=MODELS),
    "openai": Script(kind="openai", flavour="llama-server", models=MODELS),
    "gemini": Script(kind="gemini", models=MODELS, keys=(KEY,)),
}


class Stage(NamedTuple):
    """Everybody on it; `gemini` is the asynchronous half of the official client."""

    gemini: genai.client.AsyncClient
    openai: openai.AsyncOpenAI
    ollama: ollama.AsyncClient
    home: Home
    rehearsal: Rehearsal


def gemini(rehearsal: Rehearsal, more: str = "") -> str:
    """A config whose one provider is this rehearsal, played as the Gemini API."""
    where = f'address = "{rehearsal.url}/v1beta"\nplace = "cloud"\nkey = "env:GEMINI"\n'
    return f'{more}\n[providers.box]\npreset = "gemini"\n{where}'


@asynccontextmanager
async def staged(script: Script, more: str = "", after: str = "") -> AsyncIterator[Stage]:
    """Set the common stage, and Google's client on it."""
    provider = gemini if script.kind == "gemini" else None
    async with (
        stage.staged(script, more, provider, after=after, environ={"GEMINI": KEY}) as on,
        genai.Client(api_key="dummy", vertexai=False, http_options=HttpOptions(base_url=on.home.url)).aio as asks,
    ):
        yield Stage(asks, *on)


def played(act: Callable[[Stage], Awaitable[T]], kind: str | Script = "ollama", more: str = "", after: str = "") -> T:
    """Play one act before a provider of this kind, and return what it saw."""
    return stage.acted(act, staged(SCRIPTS[kind] if isinstance(kind, str) else kind, more, after))


def user(*parts: Any) -> Any:  # noqa: ANN401 -- the SDK's own type of contents
    """A conversation of one turn."""
    return [{"role": "user", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}]
