"""What planning needs of a Messages request: its size, its needs, and what only Anthropic's own servers can do."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw, Struct

from hearth.call import Outline
from hearth.chat import Members, Need
from hearth.dialects.anthropic.blocks import turns_of
from hearth.dialects.anthropic.features import ChoiceWire, OutputConfig, tools_of
from hearth.dialects.anthropic.wire import CUSTOM, Block, Citations, Source, decode_content
from hearth.dialects.body import value
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, NotFound

COUNT = "count_tokens"
_ROUTES = ("messages", COUNT)
_PLAIN = frozenset(
    {"text", "thinking", "redacted_thinking", "tool_use", "image", "document", "tool_result", "search_result"}
)
_OWN_MEMBERS = ("mcp_servers", "container", "inference_geo")
"""Members that ask for something which nobody but Anthropic can give; where it is asked for, nobody else may answer."""
_NOTHING = frozenset((b"null", b"[]", b"{}", b'""'))


class _Seen(Struct):
    """What a look at all blocks has found."""

    images: int = 0
    files: bool = False
    sealed: int = 0
    """Bytes of base64, which no model reads as text."""
    native: dict[str, None] = {}


def read_outline(route: str, members: Members) -> Outline:
    """Return the outline of a request to `route`: "messages" or "count_tokens". Raises `BadRequest`."""
    if route not in _ROUTES:
        raise NotFound(f"Unknown route {route!r}.")
    limit = value(members, "max_tokens", int)
    if route == "messages":
        _check_limit(limit)
    seen = _look(members)
    tools = tools_of(members)
    seen.native |= dict.fromkeys(f"the tool {tool.name or tool.type}" for tool in tools if tool.type not in CUSTOM)
    seen.native |= dict.fromkeys(name for name in _OWN_MEMBERS if _asks(members, name))
    if limit == 0:
        seen.native["max_tokens of 0"] = None
    return Outline(
        route,
        "chat",
        value(members, "model", str) or "",
        stream=bool(value(members, "stream", bool)) and route == "messages",
        needs=frozenset(_needs(members, seen, tools=bool(tools))),
        native=tuple(seen.native),
        prompt_bytes=sum(len(members.get(name, b"")) for name in ("messages", "system", "tools")) - seen.sealed,
        images=seen.images,
        max_tokens=limit,
        stops=len(value(members, "stop_sequences", list[str]) or ()),
        include_usage=True,
        counts=route == COUNT,
    )


def _check_limit(limit: int | None) -> None:
    if limit is None:
        raise BadRequest("max_tokens: Field required", param="max_tokens")
    if limit < 0:
        raise BadRequest("max_tokens: Input should be greater than or equal to 0", param="max_tokens")


def _asks(members: Members, name: str) -> bool:
    found = members.get(name)
    return found is not None and bytes(found) not in _NOTHING


def _needs(members: Members, seen: _Seen, *, tools: bool) -> Iterator[Need]:
    """Yield the abilities a target must have; thinking is none of them, as `read_reasoning` says."""
    if tools:
        yield "tools"
        choice = value(members, "tool_choice", ChoiceWire)
        if choice is not None and choice.type in ("any", "tool"):
            yield "tool_choice"
    if seen.images:
        yield "images"
    if seen.files:
        yield "files"
    config = value(members, "output_config", OutputConfig)
    if config is not None and config.format is not None:
        yield "json_schema"


def _look(members: Members) -> _Seen:
    seen = _Seen(native={})
    for turn in turns_of(members.get("messages")):
        _look_at(turn.content, seen)
    return seen


def _look_at(content: list[Block | str] | str, seen: _Seen) -> None:
    if isinstance(content, str):
        return
    for block in content:
        if not isinstance(block, Block) or block.type == "text":
            continue
        if block.type not in _PLAIN:
            seen.native[f"blocks of type {block.type[:60]}"] = None
        elif isinstance(block.source, Source):
            _look_into(block, block.source, seen)
        elif isinstance(block.content, Raw):
            _look_at(_blocks(block.content), seen)


def _blocks(content: Raw) -> list[Block | str] | str:
    try:
        return decode_content(content)
    except UNREADABLE as error:
        raise BadRequest(f"messages: {error}", param="messages") from None


def _look_into(block: Block, source: Source, seen: _Seen) -> None:
    """Note a picture or a document, and where only Anthropic can get at it."""
    kind = "images" if block.type == "image" else "documents"
    if source.type == "file":
        seen.native[f"{kind} kept at Anthropic (file_id)"] = None
    elif source.type == "url" and block.type == "document":
        seen.native["documents by address"] = None
    elif block.type == "image":
        seen.images += 1
    elif source.type == "base64":
        seen.files = True
    if source.type == "base64":
        seen.sealed += len(source.data or "")
    if _cites(block.citations):
        seen.native["citations of documents"] = None


def _cites(wire: object) -> bool:
    """Say whether `citations` is the switch of a document, and on; on a text block it is a list of what was cited."""
    if not isinstance(wire, Raw) or not bytes(wire).startswith(b"{"):
        return False
    switch = value({"citations": wire}, "citations", Citations)
    return switch is not None and bool(switch.enabled)
