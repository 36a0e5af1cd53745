"""The rehearsed Ollama: its routes, its router's manners, and which answer belongs to which."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from hearth.rehearsal import ollama_chat, ollama_models, ollama_v1
from hearth.rehearsal.engine import Engine
from hearth.rehearsal.golang import Refusal, fields, go_json, plain, whole
from hearth.rehearsal.http import Reply, Request

Route = Callable[[Engine, dict[str, Any]], Awaitable[Reply]]


async def _show(engine: Engine, members: dict[str, Any]) -> Reply:
    return ollama_models.show(engine, members)


POSTS: dict[str, tuple[Route, str]] = {
    "/api/chat": (ollama_chat.chat, "api.ChatRequest"),
    "/api/generate": (ollama_chat.generate, "api.GenerateRequest"),
    "/api/show": (_show, "api.ShowRequest"),
    "/v1/chat/completions": (ollama_v1.chat, "openai.ChatCompletionRequest"),
    "/v1/completions": (ollama_v1.complete, "openai.CompletionRequest"),
}
GETS: dict[str, Callable[[Engine], Reply]] = {
    "/": lambda _: Reply(200, [("Content-Type", "text/plain; charset=utf-8")], b"Ollama is running"),
    "/api/tags": ollama_models.tags,
    "/api/ps": ollama_models.ps,
    "/api/version": lambda engine: whole(200, {"version": engine.script.version}),
    "/api/status": lambda engine: whole(200, _status(disabled=engine.script.cloud_disabled)),
    "/v1/models": ollama_models.v1_models,
}
HEADS = {"/", "/api/tags", "/api/version"}


def _status(*, disabled: bool) -> dict[str, Any]:
    return {"cloud": {"disabled": disabled, "source": "env" if disabled else "none"}}


async def answer(engine: Engine, request: Request) -> Reply:
    """Answer one request as Ollama would; raises nothing."""
    path = request.path
    if path in POSTS:
        return await _post(engine, request) if request.method == "POST" else plain(405, "405 method not allowed", allow="POST")
    if path in GETS:
        return _get(engine, request)
    if path.startswith("/v1/models/") and request.method == "GET" and "/" not in path[11:]:
        return _model(engine, path[11:])
    return plain(404, "404 page not found")


def refused(status: int, text: str) -> bytes:
    """The body of an error in Ollama's form."""
    return go_json({"error": text})


def _get(engine: Engine, request: Request) -> Reply:
    allowed = ("HEAD, GET", ("GET", "HEAD")) if request.path in HEADS else ("GET", ("GET",))
    if request.method not in allowed[1]:
        return plain(405, "405 method not allowed", allow=allowed[0])
    return GETS[request.path](engine)


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
