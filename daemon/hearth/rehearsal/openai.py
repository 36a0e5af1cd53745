"""A rehearsed OpenAI-compatible provider: its routes, its key check and its error envelope (wire/providers §4.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from hearth.rehearsal import openai_chat, openai_embeddings, openai_models, openai_responses, quirks
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.openai_wire import Problem, problem_reply
from hearth.rehearsal.script import Script

Object = dict[str, Any]
_NO_JSON = "We could not parse the JSON body of your request."


def answer(script: Script, request: Request) -> Reply:
    """Answer one request as the provider would; raises nothing."""
    try:
        _check_key(script, request)
        reply = quirks.before(script, request) or _route(script, request)
    except Problem as problem:
        reply = problem_reply(script, problem)
    return reply


def _check_key(script: Script, request: Request) -> None:
    """Bearer keys, and the two header names that some clients use instead."""
    if not script.keys:
        return
    scheme, _, key = request.header("Authorization").partition(" ")
    key = key if scheme.lower() == "bearer" else request.header("api-key") or request.header("x-api-key")
    if not key:
        raise Problem(401, "You didn't provide an API key.", code=None)
    if key not in script.keys:
        raise Problem(401, "Incorrect API key provided.", code="invalid_api_key")


_POSTS: dict[str, Callable[[Script, Object], Reply]] = {
    "/chat/completions": openai_chat.chat,
    "/fim/completions": partial(openai_chat.complete, chat_shaped=True),
    "/completions": openai_chat.complete,
    "/embeddings": openai_embeddings.embed,
    "/responses": openai_responses.respond,
    "/responses/input_tokens": openai_responses.count,
}
"""How paths end, the longer ends first where one ends like another."""


def _route(script: Script, request: Request) -> Reply:
    path = request.path.rstrip("/")
    if request.method == "GET":
        if path.endswith("/models"):
            return openai_models.listed(script)
        if "/models/" in path and script.flavour != "llama-server":
            return openai_models.one(script, path.partition("/models/")[2])
    if request.method == "POST":
        for end, answered in _POSTS.items():
            if path.endswith(end):
                members = request.members(Problem(500 if script.flavour == "llama-server" else 400, _NO_JSON))
                return answered(script, quirks.completed(script, request, members))
    if script.flavour == "llama-server":
        raise Problem(404, "File Not Found")
    raise Problem(404, f"Invalid URL ({request.method} {request.path})", code=None)
