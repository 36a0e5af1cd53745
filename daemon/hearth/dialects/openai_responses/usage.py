"""Token counts between the wire and their meaning (wire/providers §2, table of usage)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hearth.dialects.openai_usage import InputDetails, OutputDetails
from hearth.events import Usage


class UsageWire(Struct, gc=False):
    """`usage` of a response; `cost` is OpenRouter's."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: InputDetails | None = None
    output_tokens_details: OutputDetails | None = None
    cost: float | None = None


def read_usage(wire: UsageWire | None) -> Usage | None:
    """Return the counts of a response; None when it says nothing, or zeros."""
    if wire is None or not (wire.input_tokens or wire.output_tokens):
        return None
    given, made = wire.input_tokens_details or InputDetails(), wire.output_tokens_details or OutputDetails()
    return Usage(
        input=wire.input_tokens,
        output=wire.output_tokens,
        cached=given.cached_tokens,
        cache_write=given.cache_write_tokens,
        reasoning=made.reasoning_tokens,
        cost=wire.cost,
    )


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Return usage for a client; None while a count is unknown.

    The details must be there and numbers, since clients read them unasked: what nobody told is 0, as Ollama has it.
    """
    if usage is None or usage.input is None or usage.output is None:
        return None
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cached or 0,
            "cache_write_tokens": usage.cache_write or 0,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": usage.input + usage.output,
    }
