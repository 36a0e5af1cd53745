"""In the same dialect both sides get each other's bytes: the client the provider's, and the provider the client's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from clients.reciter import Reciter, Recording, cut_at, reciting, recordings
from hearth_home import running

OURS = ("-load", "-unload", "embed-empty-string", "embeddings-empty", "embed-absent")
"""An empty request only loads or unloads: that is between Hearth and the engine, and Hearth answers it itself."""
BROKEN = ("ollama/chat-repeat-abort", "ollama/generate-repeat-abort", "runner-dies")
"""Ends that a real server leaves in the middle of things, with status 200."""
TRANSLATED = ("debug-render", "completions/ollama-suffix")
"""A whole body where a stream was asked for, and a suffix that this provider wants on another route."""
REFUSED = ("embeddings/ollama-dimensions",)
"""A llama-server, which this provider is said to be, ignores `dimensions`: nobody is asked."""
ROUTES = {
    "ollama": ("/api/chat", "/api/generate", "/api/embed", "/api/embeddings"),
    "openai_chat": ("/v1/chat/completions",),
    "openai_completions": ("/v1/completions",),
    "openai_embeddings": ("/v1/embeddings",),
}


def ended(folder: str) -> list[Recording]:
    """The recorded replies to requests for inference that were said to be good."""
    return [
        one
        for one in recordings(folder)
        if one.status == 200
        and one.ended == "complete"
        and one.path in ROUTES[folder]
        and one.model
        and not any(word in one.name for word in OURS + TRANSLATED + REFUSED)
    ]


def good(folder: str) -> list[Recording]:
    """Those that came to a good end."""
    return [one for one in ended(folder) if not any(word in one.name for word in BROKEN)]


def config(reciter: Reciter, folder: str) -> str:
    if folder == "ollama":
        return f'[providers.ollama]\npreset = "ollama"\naddress = "{reciter.url}"\n'
    return f'[providers.box]\npreset = "llama-server"\naddress = "{reciter.url}/v1"\n'


@asynccontextmanager
async def reciting_to(folder: str, *more: str) -> AsyncIterator[tuple[Reciter, httpx.AsyncClient]]:
    """Stage a reciter, a daemon before it and a client of the daemon."""
    models = [*more, *(one.model for one in ended(folder))]
    async with (
        reciting(models) as reciter,
        running(config(reciter, folder)) as home,
        httpx.AsyncClient(base_url=home.url, timeout=20) as client,
    ):
        yield reciter, client


@pytest.mark.parametrize("folder", ROUTES)
def test_every_recorded_reply_passes_unchanged(folder: str) -> None:
    """The client's bytes are the provider's bytes, whole replies and streams alike, under the same content type."""

    async def compare() -> list[str]:
        changed = []
        async with reciting_to(folder) as (reciter, client):
            for one in good(folder):
                reciter.recite(one)
                reply = await client.post(one.path, content=one.asked)
                if (reply.content, reply.headers["Content-Type"]) != (one.body, one.content_type):
                    changed.append(f"{one.name}: {reply.status_code} {reply.content[-300:]!r}")
        return changed

    assert len(good(folder)) >= 5
    assert asyncio.run(compare()) == []


@pytest.mark.parametrize("folder", ["ollama", "openai_chat", "openai_completions"])
def test_what_broke_off_is_told_as_broken_behind_what_was_said(folder: str) -> None:
    """A server that dies or gives up in mid-answer says 200 and stops: its bytes arrive, then an error (F6)."""

    async def replies() -> list[tuple[Recording, httpx.Response]]:
        async with reciting_to(folder) as (reciter, client):
            seen = []
            for one in set(ended(folder)) - set(good(folder)):
                reciter.recite(one)
                seen.append((one, await client.post(one.path, content=one.asked)))
            return seen

    seen = asyncio.run(replies())

    assert seen
    for one, reply in seen:
        assert b'"error"' in reply.content[-400:], one.name
        assert reply.content.startswith(one.body) or reply.status_code == 502, one.name


@pytest.mark.parametrize(
    ("folder", "name"), [("ollama", "ollama/chat-unicode-stream"), ("openai_chat", "openai_chat/ollama-unicode-stream")]
)
def test_a_stream_may_be_cut_anywhere(folder: str, name: str) -> None:
    """Wherever the network splits a stream, in the middle of a character too, the same bytes come out."""
    one = next(each for each in recordings(folder) if each.name == name)

    async def compare() -> set[bytes]:
        async with reciting_to(folder) as (reciter, client):
            seen = set()
            for place in range(1, len(one.body)):
                reciter.recite(one, cut_at(one.body, place))
                seen.add((await client.post(one.path, content=one.asked)).content)
            reciter.recite(one, cut_at(one.body, *range(1, len(one.body))))
            return seen | {(await client.post(one.path, content=one.asked)).content}

    assert asyncio.run(compare()) == {one.body}


def ask(folder: str, prompt: str) -> tuple[str, bytes, str]:
    """A request with members nobody knows, written with odd spaces and numbers: its path, its body, a recording."""
    name = "ollama/chat-plain" if folder == "ollama" else "openai_chat/ollama-plain"
    body = (
        '{ "x_new" :{"deep":[1, 2.50,1e3,"\\u00e9",null]}, "model":"scripted","stream":false,'
        f'"messages":[{{"role":"user","content":{json.dumps(prompt)},"x_inner":[ 1.0 ]}}],"x_last":-0.0}}'
    )
    return ROUTES[folder][0], body.encode(), name


@pytest.mark.parametrize("size", [5, 1_000_000])
@pytest.mark.parametrize("folder", ["ollama", "openai_chat"])
def test_members_that_nobody_knows_reach_the_provider(folder: str, size: int) -> None:
    """A request is changed only where Hearth owns a member: all others keep every byte, beside 1 MB of prompt too."""
    path, body, name = ask(folder, "grüße" * (size // 5))
    one = next(each for each in recordings(folder) if each.name == name)

    async def send() -> tuple[int, bytes]:
        async with reciting_to(folder) as (reciter, client):
            reciter.recite(one)
            reply = await client.post(path, content=body)
            return reply.status_code, reciter.asked[-1][1]

    status, sent = asyncio.run(send())

    assert status == 200
    start, end = body.index(b'"messages":'), body.index(b',"x_last"')
    assert b'{"deep":[1, 2.50,1e3,"\\u00e9",null]}' in sent
    assert body[start:end].removeprefix(b'"messages":') in sent
    assert b'"x_last":-0.0' in sent
    assert set(json.loads(sent)) >= {"x_new", "x_last", "model", "messages"}


@pytest.mark.parametrize("folder", ["ollama", "openai_chat"])
def test_our_own_wishes_are_taken_out(folder: str) -> None:
    """The `hearth` member is for Hearth: the provider never sees it."""
    path, body, name = ask(folder, "hello")
    one = next(each for each in recordings(folder) if each.name == name)

    async def send() -> bytes:
        async with reciting_to(folder) as (reciter, client):
            reciter.recite(one)
            await client.post(path, content=body.replace(b"{", b'{"hearth":{"mode":"offline"},', 1))
            return reciter.asked[-1][1]

    sent = asyncio.run(send())

    assert b"hearth" not in sent
    assert b"x_new" in sent
