"""What planning needs of a request to Ollama's routes, read without decoding the prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from hearth.call import Outline
from hearth.chat import Members, Need
from hearth.dialects.ollama.durations import keep_alive
from hearth.dialects.ollama.fields import Fields
from hearth.dialects.ollama.options import limit, read_options
from hearth.fim.known import is_written
from hearth.problems import BadRequest, NotFound

Level = Literal["low", "medium", "high", "max"]
LEVELS: tuple[Level, ...] = ("low", "medium", "high", "max")
_SHOWN = 60
"""So much of a wrong value is shown: enough to find it, too little to hold what was said."""
_raws = msgspec.json.Decoder(list[Raw])
_think = msgspec.json.Decoder(bool | str)


class _Pictured(Struct, rename={"capital": "Images", "capitals": "IMAGES"}):
    """A message, its images alone: skipping the rest costs a quarter of a millisecond a megabyte."""

    images: list[Raw] | None = None
    capital: list[Raw] | None = None
    capitals: list[Raw] | None = None


_messages = msgspec.json.Decoder(list[_Pictured])


def read_outline(route: str, members: Members) -> Outline:
    """Read the outline of a request to "chat", "generate", "embed" or "embeddings"."""
    read = _READERS.get(route)
    if read is None:
        raise NotFound(f"Ollama has no inference route called {route}.")
    if not members:
        raise BadRequest("missing request body")
    return read(members)


def _chat(members: Members) -> Outline:
    """`/api/chat`: without messages it only loads or unloads."""
    fields = Fields(members, "ChatRequest")
    messages: list[_Pictured] = fields.decoded("messages", _messages, "[]api.Message") or []
    found = [image for message in messages for image in message.images or message.capital or message.capitals or ()]
    images = len(found)
    size = fields.size("messages") - sum(map(len, found))
    needs: list[Need] = [] if fields.plain else _shared_needs(fields)
    if images:
        needs.append("images")
    if not fields.plain and _some(fields, "tools", "api.Tools"):
        needs.append("tools")
    return _generating(fields, "chat", needs, size, images, empty=not messages)


def _generate(members: Members) -> Outline:
    """`/api/generate`: without a prompt it only loads or unloads."""
    fields = Fields(members, "GenerateRequest")
    prompt = fields.text("prompt")
    needs = _shared_needs(fields)
    images = _some(fields, "images", "[]api.ImageData")
    if images:
        needs.append("images")
    if fields.text("suffix"):
        needs.append("suffix")
    raw = _asks_for_raw(fields)
    if raw:
        needs.append("raw")
    size = sum(fields.size(name) for name in ("prompt", "system", "suffix", "context"))
    outline = _generating(fields, "generate", needs, size, images, empty=not prompt)
    written = raw and fields.flag("raw") and is_written(prompt)
    return msgspec.structs.replace(outline, autocomplete=True) if written else outline


def _generating(fields: Fields, route: str, needs: list[Need], size: int, images: int, *, empty: bool) -> Outline:
    """Put together what chat and generate share. A load or unload is answered whole, whatever `stream` says."""
    if not fields.plain:
        _check_logprobs(fields)
    stream = fields.flag("stream", absent=True)
    options = read_options(fields)
    return Outline(
        route=route,
        operation="chat" if route == "chat" else "complete",
        model=fields.model,
        stream=stream and not empty,
        needs=frozenset(needs),
        prompt_bytes=size,
        images=images,
        max_tokens=limit(options),
        stops=len(options.stop or ()) if options is not None else 0,
        empty=empty,
        keep_alive=keep_alive(fields),
    )


def _embed(members: Members) -> Outline:
    """`/api/embed`: never streams; without input it only loads."""
    fields = Fields(members, "EmbedRequest")
    return _embedding(fields, "embed", fields.raw("input"))


def _embeddings(members: Members) -> Outline:
    """`/api/embeddings`, the older form: one prompt, one vector."""
    fields = Fields(members, "EmbeddingRequest")
    fields.text("prompt")
    return _embedding(fields, "embeddings", fields.raw("prompt"))


def _embedding(fields: Fields, route: str, given: bytes) -> Outline:
    if given and given[:1] not in b'"[':
        raise BadRequest("invalid input type", param="input")
    read_options(fields)
    shortened = route == "embed" and fields.number("dimensions") is not None
    return Outline(
        route=route,
        operation="embed",
        model=fields.model,
        stream=False,
        needs=frozenset({"embeddings", "dimensions"} if shortened else {"embeddings"}),
        prompt_bytes=len(given),
        empty=given[1:-1].strip() == b"",
        keep_alive=keep_alive(fields),
    )


_READERS: dict[str, Callable[[Members], Outline]] = {
    "chat": _chat,
    "generate": _generate,
    "embed": _embed,
    "embeddings": _embeddings,
}


def _shared_needs(fields: Fields) -> list[Need]:
    """Needs that chat and generate express alike."""
    needs: list[Need] = []
    wanted = format_kind(fields)
    if wanted is not None:
        needs.append(wanted)
    if thinking(fields):
        needs.append("thinking")
    if fields.flag("logprobs"):
        needs.append("logprobs")
    return needs


def format_kind(fields: Fields) -> Need | None:
    """Return "json", "json_schema", or None for free text. Raises `BadRequest` (recording `generate-format-bad`)."""
    found = fields.raw("format")
    if not found or found == b'""':
        return None
    if found == b'"json"':
        return "json"
    if found[:1] == b"{":
        return "json_schema"
    quoted = msgspec.json.encode(found[:_SHOWN].decode(errors="replace")).decode()
    raise BadRequest(f'invalid format: {quoted}; expected "json" or a valid JSON Schema object', param="format")


def thinking(fields: Fields) -> bool | Level | None:
    """Return `think`: a bool, one of LEVELS, or None when absent."""
    found: bool | str | None = fields.decoded("think", _think, "api.ThinkValue")
    if not isinstance(found, str):
        return found
    for level in LEVELS:
        if found == level:
            return level
    words = ", ".join(f'"{level}"' for level in LEVELS)
    raise BadRequest(f'invalid think value "{found[:_SHOWN]}": use true, false, {words}', param="think")


def _check_logprobs(fields: Fields) -> None:
    if not 0 <= (fields.number("top_logprobs") or 0) <= 20:
        raise BadRequest("top_logprobs must be between 0 and 20", param="top_logprobs")


def _asks_for_raw(fields: Fields) -> bool:
    """Say whether the request uses what only Ollama's generate has: raw mode, a template, or a context of tokens."""
    extra = bool(fields.text("template") or fields.members.get("context"))
    if not fields.flag("raw"):
        return extra
    if extra or fields.text("system"):
        raise BadRequest("raw mode does not support template, system, or context", param="raw")
    return True


def _some(fields: Fields, name: str, go_type: str) -> int:
    """Count the items of a list member."""
    found = fields.decoded(name, _raws, go_type)
    return len(found) if found else 0
