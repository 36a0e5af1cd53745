"""The shapes of requests in Cohere's form (wire/providers §4.9, and the types of Cohere's own SDK)."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType


class Thinking(Struct):
    """`thinking`."""

    type: str = "enabled"
    token_budget: int | None = None


class FormatWire(Struct):
    """`response_format`."""

    type: str = "text"
    json_schema: Raw | UnsetType = UNSET


class FunctionDef(Struct):
    """A function on offer."""

    name: str
    description: str | None = None
    parameters: Raw | UnsetType = UNSET


class ToolWire(Struct):
    """One entry of `tools`."""

    type: str = "function"
    function: FunctionDef | None = None


class Called(Struct):
    """The function of an earlier call."""

    name: str = ""
    arguments: str | None = None


class CallWire(Struct):
    """An earlier call."""

    id: str = ""
    function: Called | None = None


class Url(Struct):
    """`image_url`."""

    url: str
    detail: str | None = None


class PartWire(Struct):
    """A part of content; `document` stands in a tool's answer, `thinking` in an assistant's."""

    type: str = "text"
    text: str | None = None
    thinking: str | None = None
    image_url: Url | str | None = None
    document: Any = None


class MessageWire(Struct):
    """One message."""

    role: str
    content: list[PartWire] | str | None = None
    tool_calls: list[CallWire] | None = None
    tool_plan: str | None = None
    tool_call_id: str | None = None


def given(found: Raw | UnsetType) -> Raw | None:
    """Return a schema as it came; None where it is absent or null."""
    return found if isinstance(found, Raw) and found != Raw(b"null") else None
