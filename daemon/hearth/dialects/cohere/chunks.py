"""The shapes of Cohere's replies, as far as a meaning is read from them; what is not named here is passed over.

Source: wire/providers §4.9, and the types of Cohere's own SDK (7.3.1).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.forgiving import forgiving


class Content(Struct, gc=False):
    """A piece of text or of thinking; `type` stands in its first piece and in a whole reply."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class Function(Struct, gc=False):
    """The function of a call; a call without arguments may say null."""

    name: str | None = None
    arguments: str | None = None


class Call(Struct):
    """A tool call, whole or in part."""

    id: str | None = None
    function: Function | None = None


class Source(Struct):
    """What a citation leans on: a document that was given, or what a tool answered."""

    type: str | None = None
    id: str | None = None
    document: dict[str, Any] | None = None
    tool_output: dict[str, Any] | None = None


class CitationWire(Struct):
    """A stretch of the text and its sources."""

    text: str | None = None
    sources: list[Source] | None = None


class Tokens(Struct, gc=False):
    """Counts, which come as numbers with a point."""

    input_tokens: float | None = None
    output_tokens: float | None = None


class UsageWire(Struct):
    """`tokens` is what was read and made, `billed_units` what is paid for."""

    tokens: Tokens | None = None
    billed_units: Tokens | None = None
    cached_tokens: float | None = None


class MessageDelta(Struct):
    """What an event of a stream adds, one thing at a time; `message-start` alone has lists, empty ones."""

    content: Content | list[Any] | None = None
    tool_plan: str | None = None
    tool_calls: Call | list[Any] | None = None
    citations: CitationWire | list[Any] | None = None


class Delta(Struct):
    """The body of an event; the last three belong to `message-end`."""

    message: MessageDelta | None = None
    finish_reason: str | None = None
    usage: UsageWire | None = None
    error: str | None = None


class Record(Struct):
    """One event of a stream. `message` is that of an error without a type."""

    type: str | None = None
    id: str | None = None
    index: int | None = None
    delta: Delta | None = None
    message: str | None = None


class MessageWire(Struct):
    """The message of a whole reply."""

    content: list[Content] | None = None
    tool_plan: str | None = None
    tool_calls: list[Call] | None = None
    citations: list[CitationWire] | None = None


class Whole(Struct):
    """A whole chat reply."""

    message: MessageWire | None = None
    id: str | None = None
    finish_reason: str | None = None
    usage: UsageWire | None = None


class Vectors(Struct):
    """`embeddings` of a reply, by type."""

    floats: list[list[float]] | None = msgspec.field(name="float", default=None)


class Meta(Struct):
    """What a reply without `usage` says of its costs."""

    billed_units: Tokens | None = None


class Embedded(Struct):
    """A whole embeddings reply; Cohere's first version had bare lists."""

    embeddings: Vectors | list[list[float]]
    id: str | None = None
    meta: Meta | None = None


decode_record = forgiving(msgspec.json.Decoder(Record), ("delta", "usage"))
decode_whole = forgiving(msgspec.json.Decoder(Whole), ("usage",))
decode_embedded = forgiving(msgspec.json.Decoder(Embedded), ("meta",))
