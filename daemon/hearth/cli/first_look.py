"""What answers on this machine's usual ports: asked by the one dialler in mode offline, so nothing else can be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from hearth.outbound.egress import Egress
from hearth.outbound.limits import Limits
from hearth.outbound.pool import Pool
from hearth.problems import Problem
from hearth_config.addresses import Address, parse_address

if TYPE_CHECKING:
    from hearth.outbound.pool import Origin

_LIMITS = Limits(connect=0.5, first=2.0, idle=2.0)
_LARGEST = 4_000_000
_OWNERS = {"vllm": "vllm", "llamacpp": "llama-server", "organization_owner": "lm-studio", "sglang": "sglang"}
"""What servers call the owner of their models (recordings of each: GET /v1/models)."""


class Installed(Struct, frozen=True):
    """A model that is there, and its size in bytes (0: not told)."""

    name: str
    size: int = 0


class Server(Struct, frozen=True):
    """A server of models: the preset that fits it ("generic" where none is known), its address, what it has."""

    preset: str
    address: str
    version: str = ""
    models: tuple[Installed, ...] = ()


class _Version(Struct):
    version: str


class _Tags(Struct):
    models: list[dict[str, Any]] = []


class _Listed(Struct):
    data: list[dict[str, Any]]


def look(candidates: Iterable[tuple[str, str]]) -> tuple[Server, ...]:
    """Ask each (preset, address) and return those that answer, in the order given. Takes at most some seconds."""
    return asyncio.run(_look(list(candidates)))


def ollama_at(address: str) -> Server | None:
    """Return the Ollama at an address, None where none answers. A Hearth in its place is not taken for one."""
    found = look([("ollama", address)])
    return found[0] if found else None


async def _look(candidates: list[tuple[str, str]]) -> tuple[Server, ...]:
    pool = Pool(Egress("offline"))
    try:
        found = await asyncio.gather(*(_ask(pool, preset, parse_address(text)) for preset, text in candidates))
    finally:
        await pool.aclose()
    return tuple(server for server in found if server is not None)


async def _ask(pool: Pool, preset: str, address: Address) -> Server | None:
    origin = pool.origin(address, who=preset, place="machine")
    try:
        if preset == "ollama":
            return await _ollama(pool, origin, address)
        body = await _get(pool, origin, address.path("models"))
        listed = msgspec.json.decode(body, type=_Listed).data
    except (Problem, msgspec.DecodeError):
        return None
    owner = str(listed[0].get("owned_by")) if listed else ""
    names = tuple(Installed(str(model["id"])) for model in listed if model.get("id"))
    fitting = _OWNERS.get(owner, preset if not listed else "generic")
    return Server(fitting, str(address), models=names)


async def _ollama(pool: Pool, origin: Origin, address: Address) -> Server:
    version = msgspec.json.decode(await _get(pool, origin, "/api/version"), type=_Version).version
    listed = msgspec.json.decode(await _get(pool, origin, "/api/tags"), type=_Tags).models
    models = (Installed(str(model.get("name")), _whole(model.get("size"))) for model in listed if model.get("name"))
    return Server("ollama", str(address), version, tuple(models))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


async def _get(pool: Pool, origin: Origin, path: str) -> bytes:
    reply = await pool.send(origin, "GET", path, limits=_LIMITS)
    with reply:
        if reply.head.status != 200:
            return b""
        return await reply.read_all(_LARGEST)
