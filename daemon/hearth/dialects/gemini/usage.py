"""Token counts between the wire and their meaning: Gemini counts thinking beside the answer (wire/providers §2)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hearth.events import Usage


class UsageWire(Struct, rename="camel", gc=False):
    """`usageMetadata`; a count that is 0 is left out there."""

    prompt_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None


def read_usage(wire: UsageWire) -> Usage | None:
    """Return the counts; None where none was told. While nothing was answered yet the output is unknown."""
    if wire.prompt_token_count is None and wire.candidates_token_count is None:
        return None
    answered = wire.candidates_token_count is not None or wire.thoughts_token_count is not None
    return Usage(
        input=(wire.prompt_token_count or 0) + (wire.tool_use_prompt_token_count or 0),
        output=(wire.candidates_token_count or 0) + (wire.thoughts_token_count or 0) if answered else None,
        cached=wire.cached_content_token_count,
        reasoning=wire.thoughts_token_count,
    )


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Return the counts for a client, without those that are unknown; None where none is known."""
    if usage is None or (usage.input is None and usage.output is None):
        return None
    wire: dict[str, Any] = {}
    if usage.input is not None:
        wire["promptTokenCount"] = usage.input
    if usage.output is not None:
        wire["candidatesTokenCount"] = max(usage.output - (usage.reasoning or 0), 0)
    if usage.input is not None and usage.output is not None:
        wire["totalTokenCount"] = usage.input + usage.output
    if usage.cached is not None:
        wire["cachedContentTokenCount"] = usage.cached
    if usage.reasoning is not None:
        wire["thoughtsTokenCount"] = usage.reasoning
    return wire
