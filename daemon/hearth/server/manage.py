"""Ollama's model management: pull, push, create, copy, delete and blobs.

Each is streamed through to the one Ollama that owns the model.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from hearth.dialects.body import cut, join, raw, value
from hearth.dialects.ollama import errors
from hearth.dialects.ollama.fields import fold
from hearth.outbound.limits import Limits
from hearth.outbound.loading import no_key
from hearth.problems import BadRequest, Problem, Unreachable
from hearth.routing.targets import is_remote_name, same_name
from hearth.server import web
from hearth.server.intake import arriving, read_body
from hearth.server.ollamas import QUIET_S, first_ollama, need_registry, ollamas
from hearth.server.routes import Route, Table, Visit

if TYPE_CHECKING:
    from hearth.chat import Members
    from hearth.generation import ProviderRuntime
    from hearth.outbound.pool import Reply
    from hearth.server.core import Core

_PASSED = ("Content-Type", "Content-Length")
_JSON = (("Content-Type", "application/json"),)
_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]{64}", re.ASCII)


async def pull(visit: Visit) -> web.StreamResponse:
    """`POST /api/pull`: fetch a model; the stream is Ollama's own."""
    members = await _members(visit)
    need_registry(visit.core, "A model pull")
    return await _pass_json(visit, first_ollama(visit.core), members)


async def push(visit: Visit) -> web.StreamResponse:
    """`POST /api/push`: send a model to its registry."""
    members = await _members(visit)
    need_registry(visit.core, "A model push")
    return await _pass_json(visit, _owner(visit.core, _name(members)), members)


async def create(visit: Visit) -> web.StreamResponse:
    """`POST /api/create`: a new model; one that builds on a model not installed here would be pulled."""
    members = await _members(visit)
    base = value(members, "from", str) or ""
    if value(members, "remote_host", str):
        need_registry(visit.core, "A model that runs elsewhere")
    owner = _installed(visit.core, base) if base else None
    if base and owner is None:
        need_registry(visit.core, f"The model {base!r} is not installed, and fetching it")
    return await _pass_json(visit, owner or first_ollama(visit.core), members)


async def copy(visit: Visit) -> web.StreamResponse:
    """`POST /api/copy`: a second name for a model."""
    members = await _members(visit)
    return await _pass_json(visit, _owner(visit.core, value(members, "source", str) or ""), members)


async def delete(visit: Visit) -> web.StreamResponse:
    """`DELETE /api/delete`: forget a model."""
    members = await _members(visit)
    return await _pass_json(visit, _owner(visit.core, _name(members)), members)


async def blob(visit: Visit) -> web.StreamResponse:
    """`HEAD` and `POST /api/blobs/DIGEST`: streamed, however large; the body limit is not for blobs."""
    if not _DIGEST.fullmatch(visit.rest):
        raise BadRequest("invalid digest format")
    request = visit.request
    body = arriving(request) if request.method == "POST" else b""
    return await _pass(visit, first_ollama(visit.core), f"api/blobs/{visit.rest}", body, request.content_length)


async def account(visit: Visit) -> web.StreamResponse:
    """`POST /api/me` and `/api/signout`: Ollama asks its own cloud about the account that `ollama push` uses."""
    need_registry(visit.core, "An account at ollama.com")
    return await _pass(visit, first_ollama(visit.core), visit.request.rel_url.raw_path.strip("/"), b"", None)


async def _members(visit: Visit) -> Members:
    """Return the body's members by the names Ollama's server reads them by.

    It takes any case, and so must the guard. Its folding knows two letters beyond ASCII, the long s and the Kelvin
    sign; of several spellings the last counts.
    """
    members = cut(await read_body(visit.request, visit.core.generation.settings.listen.body_limit))
    if not members:
        raise BadRequest("missing request body")
    return {fold(name): member for name, member in members.items()}


def _name(members: Members) -> str:
    """Return the model's name.

    The `ollama` command fills one of two members and leaves the other empty (wire/ollama §6.14).
    """
    name = value(members, "model", str) or value(members, "name", str) or ""
    if not name:
        raise BadRequest("model is required")
    return str(name)


def _installed(core: Core, model: str) -> ProviderRuntime | None:
    wanted = same_name(model)
    for runtime in ollamas(core):
        listing = core.inventory.inventory.of(runtime.settings.name)
        if any(same_name(info.name) == wanted for info in listing.models):
            return runtime
    return None


def _owner(core: Core, model: str) -> ProviderRuntime:
    """Return the Ollama that has a model; `provider/model` names it outright."""
    provider, _, _ = model.partition("/")
    named = core.generation.providers.get(provider)
    if named is not None and named.settings.dialect == "ollama":
        return named
    return _installed(core, model) or first_ollama(core)


async def _pass_json(visit: Visit, owner: ProviderRuntime, members: Members) -> web.StreamResponse:
    prefix = f"{owner.settings.name}/"
    for key in ("model", "name", "source"):
        named = value(members, key, str)
        if named and named.startswith(prefix):
            members[key] = raw(named.removeprefix(prefix))
    if is_remote_name(_any_name(members)):
        need_registry(visit.core, "A model in Ollama's cloud")
    try:
        return await _pass(visit, owner, visit.request.rel_url.raw_path.strip("/"), join(members), None)
    finally:
        await visit.core.inventory.refresh(owner.settings.name)


def _any_name(members: Members) -> str:
    return str(value(members, "model", str) or value(members, "name", str) or value(members, "source", str) or "")


async def _pass(
    visit: Visit, owner: ProviderRuntime, path: str, body: bytes | AsyncIterator[bytes], length: int | None
) -> web.StreamResponse:
    core = visit.core
    credential = await core.keys.choose(owner, frozenset())
    if credential is None:
        raise no_key(owner.settings.name)
    reply = await core.pool.send(
        owner.origin,
        visit.request.method,
        owner.settings.address.path(path),
        owner.header_lines(credential, _JSON),
        body,
        limits=Limits(connect=owner.settings.timeouts.connect, first=QUIET_S, idle=QUIET_S),
        length=length,
    )
    with reply:
        return await _relay(visit, reply)


async def _relay(visit: Visit, reply: Reply) -> web.StreamResponse:
    """Send a reply on as it comes, status and all."""
    head = reply.head
    if 300 <= head.status < 400:
        raise Unreachable("Ollama answered with a redirect.", next_step="Set its own address under [providers].")
    headers = {name: head.get(name) for name in _PASSED if head.get(name)}
    response = web.StreamResponse(status=head.status, headers=headers | dict(visit.cors))
    await response.prepare(visit.request)
    if visit.request.method == "HEAD":
        return response
    try:
        while piece := await reply.read_chunk():
            await response.write(piece)
    except Problem as problem:
        await response.write(errors.write_in_band(problem))
    return response


TABLE: Table = {
    "/api/pull": {"POST": Route("infer", "ollama", handler=pull)},
    "/api/push": {"POST": Route("infer", "ollama", handler=push)},
    "/api/create": {"POST": Route("infer", "ollama", handler=create)},
    "/api/copy": {"POST": Route("infer", "ollama", handler=copy)},
    "/api/delete": {"DELETE": Route("infer", "ollama", handler=delete)},
    "/api/me": {"POST": Route("infer", "ollama", handler=account)},
    "/api/signout": {"POST": Route("infer", "ollama", handler=account)},
    "/api/blobs/…": {
        "HEAD": Route("infer", "ollama", handler=blob),
        "POST": Route("infer", "ollama", handler=blob),
    },
}
