"""A whole request as a client sends it, read into its meaning: contents to continue, or to embed."""

from __future__ import annotations

from msgspec import Raw, Struct

from hearth.chat import ChatRequest, EmbedRequest, Members, Request
from hearth.dialects.body import join, value
from hearth.dialects.gemini.config import native_config, read_config, read_format, read_knobs, read_reasoning
from hearth.dialects.gemini.contents import read_contents
from hearth.dialects.gemini.fields import canonical, to_count
from hearth.dialects.gemini.names import ALT, VERBS
from hearth.dialects.gemini.parts import ContentWire
from hearth.dialects.gemini.tools import read_tools
from hearth.problems import BadRequest, NotFound, Unsupported

_KNOWN = frozenset(
    (
        *("model", ALT, "hearth", "contents", "systemInstruction", "generationConfig", "tools", "toolConfig"),
        *("safetySettings", "cachedContent"),
    )
)


class EmbedWire(Struct, rename="camel"):
    """One text to be embedded; the model named in it is the path's."""

    content: ContentWire | None = None
    output_dimensionality: int | None = None


def read_request(route: str, members: Members) -> Request:
    """Return the meaning of a request. Raises `BadRequest`, or `Unsupported` for what only a Gemini can do."""
    if route not in VERBS:
        raise NotFound(f"Unknown route {route!r}.")
    known = canonical(members)
    if route == "embedContent":
        return _embed([value({"request": _one(known)}, "request", EmbedWire)])
    if route == "batchEmbedContents":
        return _embed(value(known, "requests", list[EmbedWire]) or [])
    return _chat(to_count(known) if route == "countTokens" else known)


def _chat(members: Members) -> ChatRequest:
    config = read_config(members)
    for feature in native_config(members):
        raise Unsupported(f"Only a Gemini gives {feature}.", param="generationConfig")
    if "cachedContent" in members:
        raise Unsupported("Cached contents stay at Google.", next_step="Send the contents.", param="cachedContent")
    tools, choice = read_tools(members)
    return ChatRequest(
        read_contents(members.get("contents"), members.get("systemInstruction")),
        knobs=read_knobs(config),
        tools=tools,
        tool_choice=choice,
        format=read_format(config),
        reasoning=read_reasoning(config),
        logprobs=config.response_logprobs,
        top_logprobs=config.logprobs,
        choices=max(config.candidate_count or 1, 1),
        unknown={name: given for name, given in members.items() if name not in _KNOWN},
    )


def _one(members: Members) -> Raw:
    return Raw(join({name: given for name, given in members.items() if name not in ("model", "hearth")}))


def _embed(wires: list[EmbedWire]) -> EmbedRequest:
    """Return the texts. All of one request must want vectors of one size."""
    if not wires:
        raise BadRequest("requests is not specified.", param="requests")
    sizes = {wire.output_dimensionality for wire in wires}
    if len(sizes) > 1:
        raise Unsupported("All vectors of one request must have the same outputDimensionality.", param="requests")
    return EmbedRequest(tuple(map(_text, wires)), dimensions=sizes.pop())


def _text(wire: EmbedWire) -> str:
    """Return the text of one entry; several parts make one vector together."""
    if wire.content is None:
        raise BadRequest("content is not specified.", param="content")
    parts = wire.content.all_parts()
    if not parts or any(part.text is None for part in parts):
        raise Unsupported("Only text can be embedded here.", param="content")
    return "\n".join(part.text or "" for part in parts)
