"""Requests to Ollama's routes, read whole: from the wire to their meaning."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hearth.chat import (
    ChatRequest,
    CompleteRequest,
    EmbedRequest,
    Format,
    Image,
    Members,
    Reasoning,
    Request,
)
from hearth.dialects.ollama.fields import Fields, fold
from hearth.dialects.ollama.messages import read_image, read_messages, read_tools
from hearth.dialects.ollama.options import knobs, read_options
from hearth.dialects.ollama.outline import format_kind, thinking
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, NotFound, Unsupported

_CONTENT = {"messages", "tools", "prompt", "suffix", "system", "template", "context", "images", "input", "dimensions"}
_CONTROL = {"model", "name", "stream", "format", "think", "raw", "options", "keep_alive", "truncate", "shift", "hearth"}
_KNOWN = _CONTENT | _CONTROL | {"logprobs", "top_logprobs"}
_images = msgspec.json.Decoder(list[str])
_inputs = msgspec.json.Decoder(str | list[str])


def read_request(route: str, members: Members) -> Request:
    """Return the meaning of a request to "chat", "generate", "embed" or "embeddings"."""
    reader = _READERS.get(route)
    if reader is None:
        raise NotFound(f"Ollama has no inference route called {route}.")
    if "_debug_render_only" in members:
        raise Unsupported("Only an Ollama can show its template without answering.", param="_debug_render_only")
    return reader(members)


def _chat(members: Members) -> ChatRequest:
    fields = Fields(members, "ChatRequest")
    return ChatRequest(
        messages=read_messages(fields),
        knobs=knobs(read_options(fields)),
        tools=read_tools(fields),
        format=_format(fields),
        reasoning=_reasoning(fields),
        logprobs=fields.flag("logprobs"),
        top_logprobs=_top_logprobs(fields),
        unknown=_unknown(members),
    )


def _generate(members: Members) -> CompleteRequest:
    """Read `/api/generate`. A template or a context of tokens has no meaning elsewhere: refused, not dropped."""
    fields = Fields(members, "GenerateRequest")
    if fields.text("template"):
        raise Unsupported("Only an Ollama can use a template of the request's own.", param="template")
    if "context" in fields.members:
        raise Unsupported(
            "Only the Ollama that made a context can read it.",
            next_step="Use /api/chat, which carries the conversation itself.",
            param="context",
        )
    return CompleteRequest(
        prompt=fields.text("prompt"),
        suffix=fields.text("suffix") or None,
        knobs=knobs(read_options(fields)),
        system=fields.text("system"),
        images=_pictures(fields),
        format=_format(fields),
        reasoning=_reasoning(fields),
        templated=not fields.flag("raw"),
        verbatim=fields.flag("raw"),
        logprobs=fields.flag("logprobs"),
        top_logprobs=_top_logprobs(fields),
        unknown=_unknown(members),
    )


def _embed(members: Members) -> EmbedRequest:
    """An empty string alone is no input here (recording `embed-empty-string`), in a list it is one."""
    fields = Fields(members, "EmbedRequest")
    found = fields.members.get("input")
    try:
        given: str | list[str] = "" if found is None else _inputs.decode(found)
    except UNREADABLE:
        raise BadRequest("invalid input type", param="input") from None
    inputs = given if isinstance(given, list) else [given] if given else []
    return EmbedRequest(tuple(inputs), dimensions=fields.number("dimensions"), unknown=_unknown(members))


def _embeddings(members: Members) -> EmbedRequest:
    fields = Fields(members, "EmbeddingRequest")
    prompt = fields.text("prompt")
    return EmbedRequest((prompt,) if prompt else (), unknown=_unknown(members))


_READERS: dict[str, Callable[[Members], Request]] = {
    "chat": _chat,
    "generate": _generate,
    "embed": _embed,
    "embeddings": _embeddings,
}


def _format(fields: Fields) -> Format | None:
    kind = format_kind(fields)
    if kind == "json_schema":
        return Format("json_schema", schema=fields.members["format"])
    return None if kind is None else Format("json")


def _reasoning(fields: Fields) -> Reasoning:
    think = thinking(fields)
    return Reasoning(on=True, effort=think) if isinstance(think, str) else Reasoning(on=think)


def _top_logprobs(fields: Fields) -> int | None:
    """Return how many alternatives a token is to have; without `logprobs` the number says nothing."""
    return fields.number("top_logprobs") if fields.flag("logprobs") else None


def _pictures(fields: Fields) -> tuple[Image, ...]:
    found: list[str] | None = fields.decoded("images", _images, "[]api.ImageData")
    return tuple(map(read_image, found or ()))


def _unknown(members: Members) -> Members:
    return {name: value for name, value in members.items() if fold(name) not in _KNOWN}
