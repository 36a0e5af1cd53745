"""The table of routes: which path and method is answered by whom, in which dialect, and who may ask.

Anything else is refused (T8).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from hearth.call import App
from hearth.dialects import registry
from hearth.dialects.dialect import Served
from hearth.server import web

if TYPE_CHECKING:
    from hearth.server.core import Core
    from hearth.server.guard import Principal

Scope = Literal["public", "infer", "admin"]
"""public: any caller past the Host check; the few such routes and the dashboard's files say nothing about the user."""


NO_APP = App()


class Visit(Struct):
    """One request past the guard: what a handler is given."""

    core: Core
    request: web.BaseRequest
    principal: Principal
    rest: str = ""
    """What follows the route's prefix."""
    cors: Mapping[str, str] = {}
    app: App = NO_APP
    """Who calls, where the route is for inference."""


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]


class Route(Struct, frozen=True):
    """One path. `infer` names the dialect's own route for inference; `handler` answers everything else."""

    scope: Scope
    dialect: str
    """The dialect its clients read; imported when the first of them calls."""
    infer: str = ""
    handler: Handler | None = None


Table = dict[str, dict[str, Route]]
"""Path (or prefix ending in "/…") -> method -> route."""

INFERENCE: Table = {
    "/api/chat": {"POST": Route("infer", "ollama", "chat")},
    "/api/generate": {"POST": Route("infer", "ollama", "generate")},
    "/api/embed": {"POST": Route("infer", "ollama", "embed")},
    "/api/embeddings": {"POST": Route("infer", "ollama", "embeddings")},
    "/v1/chat/completions": {"POST": Route("infer", "openai_chat", "chat")},
    "/v1/chat/completions/input_tokens": {"POST": Route("infer", "openai_chat", "count")},
    "/v1/completions": {"POST": Route("infer", "openai_chat", "completions")},
    "/v1/embeddings": {"POST": Route("infer", "openai_chat", "embeddings")},
    "/v1/responses": {"POST": Route("infer", "openai_responses", "responses")},
    "/v1/messages": {"POST": Route("infer", "anthropic", "messages")},
    "/v1/messages/count_tokens": {"POST": Route("infer", "anthropic", "count_tokens")},
    "/v1/fim/completions": {"POST": Route("infer", "openai_chat", "fim")},
    "/infill": {"POST": Route("infer", "openai_chat", "infill")},
    "/v2/chat": {"POST": Route("infer", "cohere", "chat")},
    "/v2/embed": {"POST": Route("infer", "cohere", "embed")},
}


_DEEPEST = 4
"""No prefix has more slashes after its first: what follows in a path of 16 kB need not be looked at."""


def dialect_of(table: Table, path: str, method: str) -> Served:
    """Return the dialect a refusal on this path is written in: the one its clients read."""
    found = find(table, path)
    if found is not None:
        routes = found[0]
        return served_by((routes.get(method) or next(iter(routes.values()))).dialect)
    return served_by(next((dialect for prefix, dialect in _AROUND if path.startswith(prefix)), "ollama"))


_AROUND = (
    ("/v1beta", "gemini"),
    ("/v2/", "cohere"),
    ("/v1/messages", "anthropic"),
    ("/v1/responses", "openai_responses"),
    ("/v1", "openai_chat"),
)
"""Whose clients ask where there is no route: more specific prefixes first."""


def form_of(table: Table, path: str) -> str:
    """Return the dialect's own name of an inference route, "" for any other path: its refusals may have their form."""
    found = find(table, path)
    return next(iter(found[0].values())).infer if found is not None else ""


def meant(table: Table, path: str) -> str:
    """Return the route that a wrong base URL misses, by a /v1 or /api too few or too many; "" for any other path."""
    guesses = (f"/v1{path}", path.removeprefix("/v1"), path.removeprefix("/api"))
    return next((guess for guess in guesses if guess != path and guess in table), "")


def served_by(dialect: str) -> Served:
    """Return the half of a dialect that serves clients; our table names no dialect that has none."""
    half = registry.served(dialect)
    if half is None:
        raise LookupError(f"the dialect {dialect} serves no clients")
    return half


def find(table: Table, path: str) -> tuple[dict[str, Route], str] | None:
    """Return a path's routes by method, and what follows the prefix; None when nobody answers there."""
    methods = table.get(path)
    if methods is not None:
        return methods, ""
    if path.endswith("/") and len(path) > 1:
        return find(table, path.rstrip("/") or "/")
    found, end = None, 0
    for _ in range(_DEEPEST):
        end = path.find("/", end + 1)
        if end < 0:
            break
        methods = table.get(path[: end + 1] + "…")
        if methods is not None:
            found = methods, path[end + 1 :]
    return found
