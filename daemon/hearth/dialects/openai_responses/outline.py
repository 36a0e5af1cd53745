"""What planning needs of a request, read in microseconds: parts are looked into only where bytes leave a doubt."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct, field

from hearth.call import STORED, Outline
from hearth.chat import Members, Need
from hearth.dialects.body import value
from hearth.dialects.openai_choice import forces_a_tool
from hearth.dialects.openai_responses.features import native_members, wants_logprobs, wants_seals
from hearth.dialects.openai_responses.items import KNOWN
from hearth.dialects.openai_responses.tools import Own, ToolWire, own_names, provider_tools, spared_tools, tool_wires
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, NotFound

COUNT = "input_tokens"
"""The route that only counts."""
_MARKS = (b'"input_image"', b'"input_file"', b'"input_audio"')


class ResponsesOutline(Outline, frozen=True):
    """An outline that also knows what the writer of the reply has to say in the caller's words.

    `own` are the tools that are no plain functions; `echo` are the members of the request that a response shows again;
    `remember` says that Hearth keeps the response, so that it must be one that Hearth itself has written.
    """

    own: dict[str, Own] = field(default_factory=dict)
    echo: Members = field(default_factory=dict)
    remember: bool = False


ECHOED = (
    "background",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
)


class _Part(Struct):
    type: str = ""
    image_url: str | None = None
    file_data: str | None = None
    file_id: str | None = None
    input_audio: Raw | None = None


class _Item(Struct):
    type: str | None = None
    encrypted_content: str | None = None


class _Parts(Struct):
    content: list[_Part] | str | None = None
    output: list[_Part] | str | None = None


_decode_items = msgspec.json.Decoder(list[_Item]).decode
_decode_parts = msgspec.json.Decoder(list[_Parts]).decode


class _Seen(Struct):
    """What a look into the parts of all items has found; `sealed` is what no model reads as text."""

    images: int = 0
    needs: set[Need] = set()
    sealed: int = 0
    kept: list[str] = []
    by_id: bool = False


def read_outline(route: str, members: Members) -> ResponsesOutline:
    """Return the outline of a request to `route`: "responses" or "input_tokens". Raises `BadRequest`."""
    if route not in ("responses", COUNT):
        raise NotFound(f"Unknown route {route!r}.")
    given = members.get("input")
    if given is None and "prompt" not in members:
        raise BadRequest("input is required.", param="input")
    wires = tool_wires(members)
    seen = _look(bytes(given)) if given is not None else _Seen()
    size = sum(len(bytes(members.get(name, b""))) for name in ("input", "instructions", "tools")) - seen.sealed
    return ResponsesOutline(
        route,
        "chat",
        value(members, "model", str) or "",
        stream=route != COUNT and (value(members, "stream", bool) or False),
        needs=frozenset(seen.needs | set(_needs(members, wires))),
        native=tuple(_native(members, wires, given, seen)),
        kept=(*seen.kept, *_earlier(members)),
        better=tuple(_better(members, wires, given)),
        prompt_bytes=size,
        images=seen.images,
        max_tokens=value(members, "max_output_tokens", int),
        include_usage=True,
        own=own_names(wires) if wires else {},
        counts=route == COUNT,
        echo={name: members[name] for name in ECHOED if name in members},
    )


def _earlier(members: Members) -> Iterator[str]:
    """Yield the id of the response that this one goes on with."""
    if "previous_response_id" in members:
        previous = value(members, "previous_response_id", str)
        yield from (previous,) if previous else ()


def _native(members: Members, wires: list[ToolWire], given: Raw | None, seen: _Seen) -> Iterator[str]:
    """Yield the names of everything that only a target of this dialect can carry."""
    yield from native_members(members)
    if seen.by_id:
        yield "an image that its provider keeps (file_id)"
    yield from (f"the tool {kind}" for kind in (provider_tools(members, wires) if wires else ()))
    kinds = {item.type for item in _items(given)} - KNOWN - {None} if given is not None else set()
    yield from (f"items of type {kind}" for kind in sorted(str(kind) for kind in kinds))


def _better(members: Members, wires: list[ToolWire], given: Raw | None) -> Iterator[str]:
    """Yield what a target of another dialect answers without, and one of this would heed."""
    if value(members, "store", bool) is not False:
        yield STORED
    yield from (f"the tool {kind}" for kind in (spared_tools(members, wires) if wires else ()))
    if wants_seals(members) or (given is not None and _sealed(given)):
        yield "encrypted reasoning"


def _sealed(given: Raw) -> bool:
    """Say whether thinking comes back that somebody has sealed."""
    return b'"encrypted_content"' in bytes(given) and any(item.encrypted_content for item in _items(given))


def _items(given: Raw) -> list[_Item]:
    raw = bytes(given)
    if raw[:1] != b"[":
        return []
    try:
        return _decode_items(raw)
    except UNREADABLE as error:
        raise BadRequest(f"input: {error}.", param="input") from None


def _needs(members: Members, wires: list[ToolWire]) -> Iterator[Need]:
    """Yield the abilities a target must have; thinking is none of them, as `read_reasoning` says."""
    if wires:
        yield "tools"
        if forces_a_tool(members):
            yield "tool_choice"
    text = bytes(members.get("text", b""))
    if b'"json_schema"' in text:
        yield "json_schema"
    elif b'"json_object"' in text:
        yield "json"
    if wants_logprobs(members):
        yield "logprobs"


def _look(raw: bytes) -> _Seen:
    """Look into the parts of all items. Quotes inside a JSON string are escaped, so the marks stand as values only."""
    seen = _Seen(needs=set())
    if not any(mark in raw for mark in _MARKS) or raw[:1] != b"[":
        return seen
    try:
        items = _decode_parts(raw)
    except UNREADABLE as error:
        raise BadRequest(f"input: {error}.", param="input") from None
    for item in items:
        for content in (item.content, item.output):
            for part in content if isinstance(content, list) else ():
                _count(part, seen)
    return seen


def _count(part: _Part, seen: _Seen) -> None:
    if part.file_id and part.type in ("input_image", "input_file"):
        seen.kept.append(part.file_id)
        seen.by_id = seen.by_id or part.type == "input_image"
    if part.type == "input_image":
        seen.needs.add("images")
        seen.images += 1
        seen.sealed += len(part.image_url or "")
    elif part.type == "input_file":
        seen.needs.add("files")
        seen.sealed += len(part.file_data or "")
    elif part.type == "input_audio":
        seen.needs.add("audio")
        seen.sealed += len(bytes(part.input_audio)) if part.input_audio is not None else 0
