"""Ollama's model management: pull, push, create, copy, delete, blobs (wire/ollama §3.5, recordings models/ollama-*)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hearth.rehearsal.engine import Engine
from hearth.rehearsal.golang import JSON_BARE, NDJSON, Refusal, go_json, plain, whole
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.ollama_chat import error_line
from hearth.rehearsal.ollama_requests import check_name
from hearth.rehearsal.script import ModelScript, with_tag

Object = dict[str, Any]
TICKS = 4
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")


def _name(members: Object) -> str:
    name = str(members.get("model") or members.get("name") or "")
    if not name:
        raise Refusal(400, "invalid model name")
    check_name(name)
    return name


async def pull(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/pull; an unknown model is status 200 and an error line."""
    return await _progress(_pulled(engine, _name(members)), members)


async def push(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/push; nothing is sent anywhere."""
    return await _progress(_pushed(engine, _name(members)), members)


async def create(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/create from an installed model; files are refused as no GGUF."""
    name = _name(members)
    if not members.get("from") and not members.get("files"):
        raise Refusal(400, "neither 'from' or 'files' was specified", late=True)
    return await _progress(_created(engine, name, str(members.get("from") or "")), members)


async def copy(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/copy."""
    source, destination = str(members.get("source") or ""), str(members.get("destination") or "")
    for role, name in (("source", source), ("destination", destination)):
        try:
            check_name(name)
        except Refusal:
            raise Refusal(400, f'{role} "{name}" is invalid') from None
    model = engine.find(source)
    if model is None:
        raise Refusal(404, f'model "{source}" not found')
    engine.install(msgspec.structs.replace(model, name=destination, digest=model.full_digest))
    return Reply(200, [])


async def delete(engine: Engine, members: Object) -> Reply:
    """Answer DELETE /api/delete, which has a body."""
    name = _name(members)
    model = engine.find(name)
    if model is None:
        raise Refusal(404, f"model '{name}' not found")
    engine.remove(model)
    return Reply(200, [])


def blob(engine: Engine, request: Request) -> Reply:
    """Answer HEAD and POST /api/blobs/DIGEST."""
    matched = _DIGEST.fullmatch(request.path.removeprefix("/api/blobs/"))
    if request.method not in {"HEAD", "POST"}:
        return plain(405, "405 method not allowed", allow="POST, HEAD")
    if matched is None:
        return whole(400, {"error": "invalid digest format"})
    digest = matched[1]
    if request.method == "HEAD":
        return Reply(200 if digest in engine.blobs else 404, [])
    if digest in engine.blobs:
        return Reply(200, [])
    found = hashlib.sha256(request.body).hexdigest()
    if found != digest:
        return whole(400, {"error": f'digest mismatch, expected "sha256:{digest}", got "sha256:{found}"'})
    engine.blobs.add(digest)
    return Reply(201, [])


async def _progress(lines: AsyncIterator[Object], members: Object) -> Reply:
    if members.get("stream") is not False:
        return Reply(200, [("Content-Type", NDJSON)], _written(lines), broken=error_line)
    last: Object = {}
    async for last in lines:
        if "error" in last:
            return whole(500, last, JSON_BARE)
    return whole(200, last, JSON_BARE)


async def _written(lines: AsyncIterator[Object]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield go_json(line) + b"\n"


async def _pulled(engine: Engine, name: str) -> AsyncIterator[Object]:
    yield {"status": "pulling manifest"}
    known = {model.full_name.lower(): model for model in engine.script.registry}
    model = known.get(with_tag(name).lower()) or engine.find(name)
    if model is None:
        yield {"error": "pull model manifest: file does not exist"}
        return
    async for line in _transferred(engine, model, "pulling"):
        yield line
    yield {"status": "verifying sha256 digest"}
    yield {"status": "writing manifest"}
    engine.install(model)
    yield {"status": "success"}


async def _transferred(engine: Engine, model: ModelScript, verb: str) -> AsyncIterator[Object]:
    digest = model.full_digest
    for tick in range(TICKS + 1):
        line: Object = {"status": f"{verb} {digest[:12]}", "digest": f"sha256:{digest}", "total": model.size}
        completed = model.size * tick // TICKS
        yield line | ({"completed": completed} if completed else {})
        if completed:
            await engine.may_pull()
        if tick < TICKS:
            await asyncio.sleep(engine.script.pull_seconds / TICKS)


async def _pushed(engine: Engine, name: str) -> AsyncIterator[Object]:
    yield {"status": "retrieving manifest"}
    model = engine.find(name)
    if model is None:
        yield {"status": "couldn't retrieve manifest"}
        yield {"error": f"open /models/manifests/registry.ollama.ai/library/{name}: no such file or directory"}
        return
    async for line in _transferred(engine, model, "pushing"):
        yield line
    yield {"status": "pushing manifest"}
    yield {"status": "success"}


async def _created(engine: Engine, name: str, source: str) -> AsyncIterator[Object]:
    if not source:
        yield {"status": "parsing GGUF"}
        yield {"error": "supplied file was not in GGUF format"}
        return
    model = engine.find(source)
    if model is None:
        yield {"status": "pulling manifest"}
        yield {"error": "pull model manifest: file does not exist"}
        return
    yield {"status": f"using existing layer sha256:{model.full_digest}"}
    yield {"status": "writing manifest"}
    engine.install(msgspec.structs.replace(model, name=name, digest=""))
    yield {"status": "success"}
