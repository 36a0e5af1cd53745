"""A daemon between an official client and a rehearsed provider: the stage on which the clients' tests play."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, NamedTuple, TypeVar

import ollama
import openai

from hearth.rehearsal import Rehearsal, Script
from hearth.rehearsal.script import Kind
from hearth_home import Home, beside, running

T = TypeVar("T")
On = TypeVar("On")
HELLO = "Hello! I am a small test model."
UNICODE = "Grüße, 🙂 <b>&</b> a\u2028b\u2029c\u0085d 日本語"
TOOLS: Any = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
]  # fmt: skip
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "temp": {"type": "integer"}},
    "required": ["city", "temp"],
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""


class Stage(NamedTuple):
    """Everybody on it: both official clients, the daemon they call, and the provider that answers behind it."""

    openai: openai.AsyncOpenAI
    ollama: ollama.AsyncClient
    home: Home
    rehearsal: Rehearsal


def box(rehearsal: Rehearsal, more: str = "") -> str:
    """Return a config whose one provider is this rehearsal, a llama-server or any OpenAI-compatible one."""
    known = 'preset = "llama-server"' if rehearsal.script.flavour == "llama-server" else 'dialect = "openai_chat"'
    return f'{more}\n[providers.box]\n{known}\naddress = "{rehearsal.url}/v1"\n'


Provider = Callable[[Rehearsal, str], str]
"""Writes the config whose one provider is a rehearsal; a text stands before it."""


@asynccontextmanager
async def clients(home: Home) -> AsyncIterator[tuple[openai.AsyncOpenAI, ollama.AsyncClient]]:
    """The official clients of OpenAI and of Ollama, both of this daemon."""
    async with openai.AsyncOpenAI(base_url=f"{home.url}/v1", api_key="sk-dummy", max_retries=0) as talks:
        chats = ollama.AsyncClient(home.url)
        try:
            yield talks, chats
        finally:
            await chats._client.aclose()  # noqa: SLF001 -- this client has no public way to close


@asynccontextmanager
async def staged(
    script: Script | None = None,
    more: str = "",
    provider: Provider | None = None,
    *,
    after: str = "",
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Stage]:
    """Set the stage: the script says who answers; `more` stands before the provider in the config, `after` in it."""
    script = script or Script()
    write = provider or (beside if script.kind == "ollama" else box)
    async with (
        Rehearsal(script) as rehearsal,
        running(write(rehearsal, more) + after, environ) as home,
        clients(home) as (talks, chats),
    ):
        yield Stage(talks, chats, home, rehearsal)
        assert not rehearsal.panics


def acted(act: Callable[[On], Awaitable[T]], stage: AbstractAsyncContextManager[On]) -> T:
    """Play one act on a stage, and return what it saw."""

    async def play() -> T:
        async with stage as on:
            return await act(on)

    return asyncio.run(play())


def played(
    act: Callable[[Stage], Awaitable[T]],
    kind: Kind | Script = "ollama",
    more: str = "",
    provider: Provider | None = None,
) -> T:
    """Play one act before a provider of this kind, and return what it saw."""
    script = kind if isinstance(kind, Script) else Script(kind=kind, flavour="llama-server")
    return acted(act, staged(script, more, provider))


def user(text: str) -> list[Any]:
    """One message."""
    return [{"role": "user", "content": text}]


async def hear(stream: AsyncIterable[T], into: list[T]) -> None:
    """Take the pieces of a stream one by one: those that came stay, also when it breaks."""
    async for piece in stream:
        into.append(piece)  # noqa: PERF401 -- a comprehension would lose them all with the error
