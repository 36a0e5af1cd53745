"""Providers of one's own making: what they list, and what they were asked."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from hearth.call import Place
from hearth.dialects import ollama, openai_chat
from hearth.dialects.dialect import Called, Head, HttpRequest
from hearth.problems import Problem
from hearth.routing.inventory import Inventory
from hearth.senses.inventory import InventorySense
from hearth_config.addresses import parse_address
from hearth_config.settings import Provider


def engine(name: str = "ollama", address: str = "http://127.0.0.1:11434") -> Provider:
    return Provider(name=name, dialect="ollama", address=parse_address(address), auth="none")


def cloud(name: str = "far", address: str = "https://203.0.113.9/v1") -> Provider:
    return Provider(name=name, dialect="openai_chat", address=parse_address(address))


class Source:
    """A provider as the sense is handed it."""

    def __init__(self, settings: Provider) -> None:
        self.settings = settings
        self.called: Called = ollama.CALLED if settings.dialect == "ollama" else openai_chat.CALLED


class Providers:
    """Scripted providers; `asked` holds (provider, path) of each request, `fails` a problem to raise for a provider."""

    def __init__(self, *settings: Provider) -> None:
        self.sources = {one.name: Source(one) for one in settings}
        self.models: dict[str, str] = {"qwen3:8b": "d1"}
        self.loaded: dict[str, dict[str, Any]] = {}
        self.capabilities = ["completion", "tools"]
        self.remote_host = ""
        self.asked: list[tuple[str, str]] = []
        self.fails: dict[str, Problem] = {}
        self.status = 200
        self.gate = asyncio.Event()
        self.gate.set()
        self.allowed: set[Place] = {"machine", "lan", "cloud"}
        self.changes: list[Inventory] = []
        self.reached: list[tuple[str, bool | None, str]] = []
        self.sense = InventorySense(
            self.fetch,
            self.changes.append,
            lambda place: place in self.allowed,
            lambda *said: self.reached.append(said),
        )
        self.sense.use(self.sources)

    async def fetch(self, provider: str, request: HttpRequest) -> tuple[Head, bytes]:
        self.asked.append((provider, request.path))
        await self.gate.wait()
        if provider in self.fails:
            raise self.fails[provider]
        return Head(self.status), json.dumps(self._answer(request)).encode()

    def count(self, path: str, provider: str = "ollama") -> int:
        return self.asked.count((provider, path))

    def _answer(self, request: HttpRequest) -> dict[str, Any]:
        if request.path == "/api/version":
            return {"version": "0.32.15"}
        if request.path == "/api/tags":
            return {"models": [_tag(name, digest) for name, digest in self.models.items()]}
        if request.path == "/api/ps":
            return {"models": [{**_tag(name, self.models[name]), **facts} for name, facts in self.loaded.items()]}
        if request.path == "/api/show":
            info = {"general.architecture": "q", "q.context_length": 40960}
            return {"capabilities": self.capabilities, "model_info": info, "remote_host": self.remote_host}
        return {"data": [{"id": name} for name in self.models]}


def _tag(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "model": name, "digest": digest, "size": 5_000, "capabilities": ["completion"]}


def play(scene: Callable[[], Awaitable[None]]) -> None:
    async def played() -> None:
        await asyncio.wait_for(scene(), 20)

    asyncio.run(played())


async def settle(providers: Providers) -> None:
    """Wait until no round of questions is under way."""
    await asyncio.sleep(0)
    while tasks := [task for task in asyncio.all_tasks() if task.get_name().startswith("ask ")]:
        await asyncio.wait(tasks)
    assert providers.asked is not None
