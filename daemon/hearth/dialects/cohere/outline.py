"""What planning needs of a request in Cohere's form."""

from __future__ import annotations

from hearth.call import Outline
from hearth.chat import Members, Need
from hearth.dialects.body import value
from hearth.dialects.cohere.wire import FormatWire, Thinking, given
from hearth.problems import BadRequest, NotFound

_NOTHING = frozenset((b"null", b"[]", b"false", b'""', b"{}"))
_ONLY_OURS = ("documents", "citation_options", "logprobs", "raw_prompting", "images", "inputs")
"""Members that ask for what no other dialect has a form for."""


def read_outline(route: str, members: Members) -> Outline:
    """Return the outline of a request to "chat" or "embed". Raises `BadRequest` in Cohere's words."""
    if not value(members, "model", str):
        raise BadRequest("invalid request: model is required", param="model")
    if route == "chat":
        return _chat(members)
    if route == "embed":
        return _embed(members)
    raise NotFound(f"Unknown route {route!r}.")


def _chat(members: Members) -> Outline:
    if not _asks(members, "messages"):
        raise BadRequest("invalid request: messages must not be empty", param="messages")
    messages = bytes(members["messages"])
    images = messages.count(b'"image_url"') // 2 if b'"image_url"' in messages else 0
    needs: set[Need] = {"images"} if images else set()
    choice = value(members, "tool_choice", str)
    if _asks(members, "tools") and choice != "NONE":
        needs |= {"tools", "tool_choice"} if choice == "REQUIRED" else {"tools"}
    form = value(members, "response_format", FormatWire)
    if form is not None and form.type == "json_object":
        needs.add("json" if given(form.json_schema) is None else "json_schema")
    thinking = value(members, "thinking", Thinking)
    if thinking is not None and thinking.type == "enabled":
        needs.add("thinking")
    return Outline(
        "chat",
        "chat",
        value(members, "model", str),
        stream=value(members, "stream", bool) or False,
        needs=frozenset(needs),
        native=_native(members),
        prompt_bytes=len(messages) + len(bytes(members.get("tools", b""))),
        images=images,
        max_tokens=value(members, "max_tokens", int),
        stops=len(value(members, "stop_sequences", list[str]) or ()),
        include_usage=True,
    )


def _embed(members: Members) -> Outline:
    types = value(members, "embedding_types", list[str]) or ["float"]
    odd = tuple(f"embedding_types {kind}" for kind in types if kind != "float")
    needs: set[Need] = {"embeddings"}
    if _asks(members, "output_dimension"):
        needs.add("dimensions")
    return Outline(
        "embed",
        "embed",
        value(members, "model", str),
        stream=False,
        needs=frozenset(needs),
        native=_native(members) + odd,
        prompt_bytes=len(bytes(members.get("texts", b""))),
    )


def _native(members: Members) -> tuple[str, ...]:
    strict = ("safety_mode STRICT",) if value(members, "safety_mode", str) == "STRICT" else ()
    return tuple(name for name in _ONLY_OURS if _asks(members, name)) + strict


def _asks(members: Members, name: str) -> bool:
    return bytes(members.get(name, b"null")) not in _NOTHING
