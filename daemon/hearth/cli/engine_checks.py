"""Do the engines on this machine answer, and may Ollama use its cloud: asked by the one dialler, in mode offline."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from hearth.cli.words import counted
from hearth.generation import Generation
from hearth.outbound.egress import Egress
from hearth.outbound.limits import Limits
from hearth.outbound.pool import Pool
from hearth.problems import Problem
from hearth.status import Finding

if TYPE_CHECKING:
    from hearth.generation import ProviderRuntime
    from hearth_config.load import Loaded

_LIMITS = Limits(connect=2.0, first=5.0, idle=5.0)
_LARGEST = 4_000_000


class _Version(Struct):
    version: str = "?"


class _Tags(Struct):
    models: list[dict[str, object]] = []


class _Gate(Struct):
    disabled: bool | None = None


class _OllamaStatus(Struct):
    cloud: _Gate = msgspec.field(default_factory=_Gate)


def engines(loaded: Loaded) -> Iterator[Finding]:
    """Yield what the engines on this machine say of themselves."""
    yield from asyncio.run(_ask_all(loaded))


async def _ask_all(loaded: Loaded) -> list[Finding]:
    pool = Pool(Egress("offline"))
    try:
        generation = Generation(loaded, pool)
        here = [one for one in generation.providers.values() if one.place == "machine"]
        return [finding for one in here for finding in await _ask(one, pool)]
    finally:
        await pool.aclose()


async def _ask(one: ProviderRuntime, pool: Pool) -> list[Finding]:
    name, address = one.settings.name, one.settings.address
    is_ollama = one.settings.dialect == "ollama"
    try:
        if not is_ollama:
            status, _ = await _get(one, pool, "models")
            return [Finding("ok", f"{name} answers at {address} (HTTP {status})")]
        _, body = await _get(one, pool, "api/version")
        version = msgspec.json.decode(body, type=_Version).version
        _, body = await _get(one, pool, "api/tags")
        models = msgspec.json.decode(body, type=_Tags).models
        gate = await _gate(one, pool)
    except Problem as problem:
        step = f"Start it{' (`ollama serve`)' if is_ollama else ''}, or correct its address."
        return [Finding("bad", f"{name} does not answer at {address}: {problem.message}", step)]
    except msgspec.DecodeError:
        return [Finding("bad", f"{name} at {address} is no Ollama", "Correct its address.")]
    step = "" if models else "Fetch one: `hearth pull qwen3:8b`."
    listed = f"{name}: Ollama {version}, {counted(len(models), 'model')}"
    return [Finding("ok" if models else "note", listed, step), gate]


async def _gate(one: ProviderRuntime, pool: Pool) -> Finding:
    """Say whether this Ollama may use its cloud (GET /api/status, since 0.16.2)."""
    name = one.settings.name
    status, body = await _get(one, pool, "api/status")
    disabled = msgspec.json.decode(body, type=_OllamaStatus).cloud.disabled if status == 200 else None
    if disabled:
        return Finding("ok", f"{name}: its own cloud is switched off")
    known = "may be on (this version does not tell)" if disabled is None else "is on"
    step = "Hearth refuses its cloud models anyway; OLLAMA_NO_CLOUD=1 for Ollama switches it off there too."
    return Finding("note", f"{name}: its own cloud {known}", step)


async def _get(one: ProviderRuntime, pool: Pool, route: str) -> tuple[int, bytes]:
    reply = await pool.send(one.origin, "GET", one.settings.address.path(route), limits=_LIMITS)
    with reply:
        return reply.head.status, await reply.read_all(_LARGEST)
