"""Requests to providers: written from a meaning, or a caller's own with the members replaced that Hearth owns."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.call import Outline
from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Members, Request
from hearth.dialects.body import join, raw, value
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.gemini.config import write_config, write_knobs
from hearth.dialects.gemini.fields import canonical
from hearth.dialects.gemini.names import ALT, is_vertex, path
from hearth.dialects.gemini.seals import without_foreign
from hearth.dialects.gemini.tools import write_tools
from hearth.dialects.gemini.turns import write_contents
from hearth.dialects.gemini.vectors import PREDICTED, model_path, write_embed
from hearth.dialects.templated import as_chat

_OURS = frozenset(("model", "hearth", ALT))
_APART = frozenset(("tools", "generationConfig"))
"""Members of the config's `extra` that are laid over the caller's instead of replacing them."""


def write(request: Request, to: Destination, *, stream: bool) -> HttpRequest:
    """Return a request written from its meaning. Raises `Unsupported` for what this model or API cannot carry."""
    if isinstance(request, EmbedRequest):
        verb, members = write_embed(request, to)
        return post(to, verb, members | to.extra)
    chat = as_chat(request) if isinstance(request, CompleteRequest) else request
    members = with_extra(chat_members(chat, to), to)
    return post(to, "streamGenerateContent", members, "?alt=sse") if stream else post(to, "generateContent", members)


def chat_members(request: ChatRequest, to: Destination) -> Members:
    """Return the members of a conversation."""
    contents, system = write_contents(request.messages, to)
    wire: dict[str, Any] = {"contents": contents}
    if system is not None:
        wire["systemInstruction"] = system
    wire |= write_tools(request)
    config = write_config(request, to)
    if config:
        wire["generationConfig"] = config
    return {name: raw(given) for name, given in wire.items()}


def splice(outline: Outline, members: Members, to: Destination) -> HttpRequest:
    """Return the request of a caller of this same dialect: unknown members stay, in whichever spelling.

    Only seals of other makers are taken out, and what the config adds is laid over.
    """
    sent = {name: given for name, given in members.items() if name not in _OURS}
    if "contents" in sent:
        sent["contents"] = without_foreign(sent["contents"], to)
    if outline.operation == "embed":
        return post(to, outline.route, _with_models(sent, to) | to.extra)
    sent = with_extra(_with_defaults(sent, to), to)
    query = "?alt=sse" if outline.stream and members.get(ALT) == Raw(b'"sse"') else ""
    return post(to, outline.route, sent, query)


def _with_models(members: Members, to: Destination) -> Members:
    """Return a request for vectors whose entries name the model that is asked."""
    out = dict(members)
    rows = value(members, "requests", list[Members])
    if rows is not None:
        out["requests"] = raw([{**row, "model": model_path(to)} for row in rows])
    return out


def _with_defaults(members: Members, to: Destination) -> Members:
    """Fill in what the caller leaves open with the config's own defaults; without any, no byte is touched."""
    wanted = write_knobs(to.defaults, to.defaults)
    if not wanted:
        return members
    out = canonical(members)
    config: dict[str, Raw] = value(out, "generationConfig", dict[str, Raw]) or {}
    out["generationConfig"] = raw({**{name: raw(given) for name, given in wanted.items()}, **config})
    return out


def with_extra(members: Members, to: Destination) -> Members:
    """Lay the config's own members over a request: tools are added, settings filled in, all else replaced."""
    if not to.extra:
        return members
    out = canonical(members) | {name: given for name, given in to.extra.items() if name not in _APART}
    if "tools" in to.extra:
        ours = msgspec.json.decode(to.extra["tools"], type=list[Raw])
        out["tools"] = raw([*(value(out, "tools", list[Raw]) or []), *ours])
    if "generationConfig" in to.extra:
        ours_too = msgspec.json.decode(to.extra["generationConfig"], type=dict[str, Raw])
        out["generationConfig"] = raw({**ours_too, **(value(out, "generationConfig", dict[str, Raw]) or {})})
    return out


def splices(outline: Outline, to: Destination) -> bool:
    """Say whether this target answers such a request in the caller's own form; Vertex has another one for vectors."""
    if outline.operation != "embed" or not is_vertex(to):
        return True
    return not to.model.startswith(PREDICTED)


def post(to: Destination, verb: str, members: Members, query: str = "") -> HttpRequest:
    """Return a POST to a model's method."""
    accept = "text/event-stream" if query == "?alt=sse" else "application/json"
    headers = (("Content-Type", "application/json"), ("Accept", accept), *to.headers)
    return HttpRequest("POST", path(to, verb, query), headers, join(members))
