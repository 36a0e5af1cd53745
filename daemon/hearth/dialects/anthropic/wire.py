"""The shapes of a request's messages on the wire; members nobody here knows are left unread (wire/providers §4.2)."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType


class Source(Struct, gc=False):
    """Where a picture or a document is: base64 `data`, a `url`, plain text in `data`, blocks, or an upload's id."""

    type: str = ""
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: Raw | UnsetType = UNSET


class Citations(Struct, gc=False):
    """Whether an answer must say which part of a document it leans on."""

    enabled: bool | None = None


class Block(Struct, gc=False):
    """One content block of any type. `content` is a text or blocks, or whatever a server tool answered."""

    type: str = "text"
    text: str | None = None
    source: Source | str | None = None
    title: str | None = None
    context: str | None = None
    citations: Raw | UnsetType = UNSET
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: Raw | UnsetType = UNSET
    tool_use_id: str | None = None
    content: Raw | UnsetType = UNSET
    is_error: bool | None = None


class Turn(Struct, gc=False):
    """One message."""

    role: str
    content: list[Block | str] | str


class ToolWire(Struct, gc=False):
    """One entry of `tools`: the caller's own function, or (any other `type`) something Anthropic knows by itself."""

    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Raw | UnsetType = UNSET
    strict: bool | None = None


CUSTOM = (None, "custom")
"""The types of a tool that the caller defines."""

decode_turns = msgspec.json.Decoder(list[Turn]).decode
Content = list[Block | str] | str
decode_content: Callable[[Raw], Content] = msgspec.json.Decoder(Content).decode
decode_tools = msgspec.json.Decoder(list[ToolWire]).decode
