"""A far provider that speaks OpenAI's dialect, behind a daemon that also has an Ollama: for what passes through."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any, TypeVar

import httpx
from aiohttp import web

from hearth.rehearsal import Rehearsal, Script
from hearth_home import Home, beside, running

T = TypeVar("T")
KEY = "sk-far-0123456789"
ENVIRON = {"FAR_KEY": KEY, "SPARE_KEY": "sk-spare-0123456789"}
ONE_KEY = 'key = "env:FAR_KEY"'


class Far:
    """A provider that answers any route, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.status = 200
        self.content_type = "application/json"
        self.says = b'{"ok":true}'
        self.cut_after: int | None = None
        self.begun = asyncio.Event()
        self.refuses: dict[str, int] = {}
        """The keys that are refused, with what status."""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer whatever is asked."""
        body = bytearray()
        async for piece in request.content.iter_any():
            body += piece
            self.begun.set()
        self.asked.append((request.method, request.path_qs, dict(request.headers), bytes(body)))
        refused = self.refuses.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if refused is not None:
            return web.Response(status=refused, body=b'{"error":{"message":"no"}}', content_type="application/json")
        if self.cut_after is None:
            return web.Response(status=self.status, body=self.says, content_type=self.content_type)
        response = web.StreamResponse(headers={"Content-Type": self.content_type})
        response.content_length = len(self.says)
        await response.prepare(request)
        await response.write(self.says[: self.cut_after])
        if request.transport is not None:
            request.transport.abort()
        return response


@asynccontextmanager
async def staged(
    more: str = "", keys: str = ONE_KEY, dialect: str = "openai_chat", prefix: str = "/v1"
) -> AsyncIterator[tuple[Far, Home, httpx.AsyncClient]]:
    """A far provider behind a daemon that also has an Ollama, and a client of the daemon."""
    async with AsyncExitStack() as stack:
        far = Far()
        runner = web.ServerRunner(web.Server(far.answer))
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        ollama = await stack.enter_async_context(Rehearsal(Script()))
        provider = (
            f'[providers.far]\ndialect = "{dialect}"\naddress = "http://127.0.0.1:{port}{prefix}"\nplace = "cloud"\n'
        )
        known = f'{provider}{keys}\n[providers.far.models."whisper-1"]\n'
        home = await stack.enter_async_context(running(beside(ollama, more + known), ENVIRON))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=home.url, timeout=20))
        far.asked.clear()
        yield far, home, client


def played(act: Callable[[Far, Home, httpx.AsyncClient], Awaitable[T]], more: str = "", keys: str = ONE_KEY) -> T:
    """Play one act."""

    async def play() -> T:
        async with staged(more, keys) as (far, home, client):
            return await act(far, home, client)

    return asyncio.run(play())


def sent(method: str, path: str, **how: Any) -> tuple[httpx.Response, Far]:  # noqa: ANN401 -- whatever httpx takes
    """One request, its reply, and who may have been asked."""

    async def act(far: Far, home: Home, client: httpx.AsyncClient) -> tuple[httpx.Response, Far]:
        more = how.pop("more", "")
        assert not more
        return await client.request(method, path, **how), far

    return played(act)


async def rows(home: Home) -> list[dict[str, Any]]:
    """The calls in the usage log."""
    for _ in range(400):
        await asyncio.sleep(0.05)
        with closing(sqlite3.connect(home.folder / "usage.db")) as database:
            database.row_factory = sqlite3.Row
            names = {name for (name,) in database.execute("select name from sqlite_master where type='table'")}
            found = [dict(row) for row in database.execute("select * from calls")] if "calls" in names else []
            if found:
                return found
    return []
