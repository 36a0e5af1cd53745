"""The rehearsed Ollama: its routes, its router's manners, and which answer belongs to which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hearth.rehearsal import gate, ollama_chat, ollama_embed, ollama_models, ollama_transfer, ollama_v1
from hearth.rehearsal.engine import Engine
from hearth.rehearsal.golang import Refusal, fields, plain, whole
from hearth.rehearsal.http import Reply, Request

Route = Callable[[Engine, dict[str, Any]], Awaitable[Reply]]
POSTS: dict[str, tuple[Route, str]] = {
    "/api/chat": (ollama_chat.chat, "api.ChatRequest"),
    "/api/generate": (ollama_chat.generate, "api.GenerateRequest"),
    "/api/show": (ollama_models.show, "api.ShowRequest"),
    "/api/embed": (ollama_embed.embed, "api.EmbedRequest"),
    "/api/embeddings": (ollama_embed.embeddings, "api.EmbeddingRequest"),
    "/api/pull": (ollama_transfer.pull, "api.PullRequest"),
    "/api/push": (ollama_transfer.push, "api.PushRequest"),
    "/api/create": (ollama_transfer.create, "api.CreateRequest"),
    "/api/copy": (ollama_transfer.copy, "api.CopyRequest"),
    "/api/delete": (ollama_transfer.delete, "api.DeleteRequest"),
    "/v1/chat/completions": (ollama_v1.chat, "openai.ChatCompletionRequest"),
    "/v1/completions": (ollama_v1.complete, "openai.CompletionRequest"),
    "/v1/embeddings": (ollama_embed.v1_embeddings, "openai.EmbedRequest"),
}
RECOMMENDED = {"model": "scripted", "description": "Answers at once and knows nothing", "vram_bytes": 2_176_009}
GETS: dict[str, Callable[[Engine], Reply]] = {
    "/": lambda _: Reply(200, [("Content-Type", "text/plain; charset=utf-8")], b"Ollama is running"),
    "/api/tags": ollama_models.tags,
    "/api/ps": ollama_models.ps,
    "/api/version": lambda engine: whole(200, {"version": engine.script.version}),
    "/api/status": lambda engine: whole(200, _status(disabled=engine.script.cloud_disabled)),
    "/api/experimental/model-recommendations": lambda _: whole(200, {"recommendations": [RECOMMENDED]}),
    "/v1/models": ollama_models.v1_models,
}
ACCOUNT = {"id": "00000000-0000-4000-8000-000000000001", "email": "me@example.com", "name": "me", "plan": "free"}
"""Whose account the rehearsed cloud of Ollama knows: `ollama push` asks first."""
HEADS = {"/", "/api/tags", "/api/version"}
NOT_FOUND = "404 page not found"
NOT_ALLOWED = "405 method not allowed"


def _status(*, disabled: bool) -> dict[str, Any]:
    return {"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}}


def _methods(path: str) -> str:
    """The methods of a route as its Allow header lists them, "" for no route."""
    if path in POSTS:
        return "DELETE" if path == "/api/delete" else "POST"
    return ("HEAD, GET" if path in HEADS else "GET") if path in GETS else ""


async def answer(engine: Engine, request: Request) -> Reply:
    """Answer one request as Ollama would."""
    path = request.path
    allow = _methods(path)
    refused = gate.refusal(request, allow)
    if refused is not None:
        return refused
    if allow:
        if request.method not in allow.split(", "):
            return plain(405, NOT_ALLOWED, allow=allow)
        return GETS[path](engine) if path in GETS else await _post(engine, request)
    if path == "/api/me" and request.method == "POST":
        return whole(200, ACCOUNT)
    if path.startswith("/api/blobs/"):
        return ollama_transfer.blob(engine, request)
    if path.startswith("/v1/models/") and request.method == "GET" and "/" not in path[11:]:
        return _model(engine, path[11:])
    return _elsewhere(request)


def _elsewhere(request: Request) -> Reply:
    """A trailing slash is sent to the route without it; anything else is not found."""
    bare = request.path.rstrip("/")
    if bare and bare != request.path and (bare in POSTS or bare in GETS):
        return Reply(301 if request.method == "GET" else 307, [("Location", bare)])
    return plain(404, NOT_FOUND)


def refused(status: int, text: str, path: str) -> Reply:
    """A refusal in the form that this route has."""
    refusal = Refusal(status, text)
    return ollama_v1.refused(refusal) if path.startswith("/v1/") else ollama_chat.refused(refusal, streamed=False)


def _model(engine: Engine, name: str) -> Reply:
    try:
        return ollama_models.v1_model(engine, name)
    except Refusal as refusal:
        return ollama_v1.refused(refusal)


async def _post(engine: Engine, request: Request) -> Reply:
    route, go_type = POSTS[request.path]
    streamed = True
    try:
        members = fields(request.body, go_type)
        streamed = members.get("stream") is not False
        return await route(engine, members)
    except Refusal as refusal:
        if request.path.startswith("/v1/"):
            return ollama_v1.refused(refusal)
        return ollama_chat.refused(refusal, streamed=streamed)
