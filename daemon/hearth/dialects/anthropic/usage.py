"""Token counts between the wire and their meaning: on the wire, cached tokens stand beside `input_tokens`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hearth.events import Usage


class Details(Struct, gc=False):
    """What the answer's tokens were."""

    thinking_tokens: int | None = None


class UsageWire(Struct, gc=False):
    """`usage` of a message, of `message_start`, and (cumulative) of `message_delta`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: Details | None = None


def read_usage(wire: UsageWire, before: Usage | None = None, *, ended: bool) -> Usage | None:
    """Return the counts, those unsaid taken from `before`; None when nothing is known yet.

    The parts of the input are exclusive on the wire and inclusive in the meaning. What a stream's start says of the
    output is no count yet (`ended` False), and an input of 0 is what servers say that do not know.
    """
    old = before or Usage()
    cached = _or(wire.cache_read_input_tokens, old.cached)
    written = _or(wire.cache_creation_input_tokens, old.cache_write)
    plain = wire.input_tokens
    if plain is None and old.input is not None:
        plain = old.input - (old.cached or 0) - (old.cache_write or 0)
    total = (plain or 0) + (cached or 0) + (written or 0)
    details = wire.output_tokens_details
    if not total and not (ended and wire.output_tokens):
        return None
    return Usage(
        input=total or None,
        output=wire.output_tokens if ended else None,
        cached=cached,
        cache_write=written,
        reasoning=details.thinking_tokens if details is not None and ended else None,
    )


def _or(count: int | None, other: int | None) -> int | None:
    return other if count is None else count


def write_usage(usage: Usage | None) -> dict[str, Any]:
    """Return usage for a client. Both counts must be numbers there: 0 stands for one that nobody knows."""
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    cached, written = usage.cached or 0, usage.cache_write or 0
    wire: dict[str, Any] = {
        "input_tokens": max(0, (usage.input or 0) - cached - written),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.output or 0,
    }
    if usage.reasoning is not None:
        wire["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return wire
