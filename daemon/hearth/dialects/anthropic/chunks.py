"""The shapes of a reply on the wire: one record of a stream, and a whole message."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.dialects.anthropic.usage import UsageWire
from hearth.dialects.forgiving import forgiving

# `Any` stands where servers put several kinds of things into one place; whoever reads it looks at what it is.


class CitationWire(Struct, gc=False):
    """A source; which of these fields there are depends on its type."""

    url: str | None = None
    title: str | None = None
    document_title: str | None = None
    source: str | None = None
    cited_text: str | None = None


class Content(Struct, gc=False):
    """One block of a reply, or (empty) at the start of one in a stream."""

    type: str = ""
    text: str | None = None
    citations: list[CitationWire] | None = None
    thinking: str | None = None
    signature: str | None = None
    data: Any = None
    id: str | None = None
    name: str | None = None
    input: Raw | UnsetType = UNSET


class StopDetails(Struct, gc=False):
    """Why an answer was refused."""

    explanation: str | None = None


class Delta(Struct, gc=False):
    """More of a block, or (in `message_delta`) the reason of the end."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    citation: CitationWire | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class MessageWire(Struct, gc=False):
    """A message: whole, or as it stands at the start of a stream."""

    id: str | None = None
    model: str | None = None
    content: list[Content] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: UsageWire | None = None


class Record(Struct, gc=False):
    """One record of a stream."""

    type: str = ""
    index: int = 0
    message: MessageWire | None = None
    content_block: Content | None = None
    delta: Delta | None = None
    usage: UsageWire | None = None
    error: Any = None


class Whole(MessageWire, gc=False):
    """A whole reply, or the error that came in its place."""

    type: str = ""
    error: Any = None


decode_record = forgiving(msgspec.json.Decoder(Record), ("usage",), ("message", "usage"))
decode_whole = forgiving(msgspec.json.Decoder(Whole), ("usage",))
