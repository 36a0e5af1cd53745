"""What servers of the Responses API send: events of a stream, and whole responses, as far as they are looked at."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.dialects.forgiving import forgiving
from hearth.dialects.openai_responses.usage import UsageWire


class Wire(Struct, gc=False):
    """One event of a stream, whatever its type."""

    type: str = ""
    delta: Any = None
    item_id: str | None = None
    output_index: int | None = None
    summary_index: int | None = None
    item: dict[str, Any] | None = None
    response: Body | None = None
    annotation: dict[str, Any] | None = None
    logprobs: Raw | UnsetType = msgspec.UNSET
    error: Any = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class Incomplete(Struct, gc=False):
    """Why a response is incomplete."""

    reason: str | None = None


class Body(Struct, gc=False):
    """A response object: whole, or as an event of a stream shows it."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    created_at: float | None = None
    status: str | None = None
    output: list[dict[str, Any]] | None = None
    usage: UsageWire | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None


decode_event = forgiving(msgspec.json.Decoder(Wire), ("response", "usage"))
decode_body = forgiving(msgspec.json.Decoder(Body), ("usage",))
