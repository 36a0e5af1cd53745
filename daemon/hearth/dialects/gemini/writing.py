"""Requests of any dialect, written as a Gemini takes them; the config's own members are laid over."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import ChatRequest, CompleteRequest, EmbedRequest, Members, Request
from hearth.dialects.body import join, raw, value
from hearth.dialects.dialect import Destination, HttpRequest
from hearth.dialects.gemini.config import write_config
from hearth.dialects.gemini.fields import canonical
from hearth.dialects.gemini.names import path
from hearth.dialects.gemini.tools import write_tools
from hearth.dialects.gemini.turns import write_contents
from hearth.dialects.gemini.vectors import write_embed
from hearth.dialects.templated import as_chat

_APART = frozenset(("tools", "generationConfig"))
"""Members of the config's `extra` that are laid over the caller's instead of replacing them."""


def write_request(request: Request, to: Destination, *, stream: bool) -> HttpRequest:
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


def post(to: Destination, verb: str, members: Members, query: str = "") -> HttpRequest:
    """Return a POST to a model's method."""
    accept = "text/event-stream" if query == "?alt=sse" else "application/json"
    headers = (("Content-Type", "application/json"), ("Accept", accept), *to.headers)
    return HttpRequest("POST", path(to, verb, query), headers, join(members))
