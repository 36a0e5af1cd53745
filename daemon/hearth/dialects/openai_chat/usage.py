"""Token counts between the wire and their meaning (wire/providers §2, table of usage)."""

from __future__ import annotations

from typing import Any

from hearth.dialects.openai_chat.chunks import Chunk, Timings, UsageWire
from hearth.events import Usage

_MS = 1_000_000


def read_usage(chunk: Chunk, *, exclusive: bool = False) -> Usage | None:
    """Return what a record says of its costs; None when it says nothing.

    `exclusive`: the provider leaves reasoning tokens out of `completion_tokens` (xAI). Counts that are all zero are
    unknown: Ollama writes them beside each piece and after an aborted reply.
    """
    wire = chunk.usage
    if wire is None and chunk.x_groq is not None:
        wire = chunk.x_groq.usage
    if wire is None and chunk.choices:
        wire = chunk.choices[0].usage
    if wire is not None and (wire.prompt_tokens or wire.completion_tokens):
        return _counted(wire, chunk.timings, exclusive=exclusive)
    if chunk.timings is not None and chunk.timings.prompt_n is not None:
        return _timed(chunk.timings)
    if chunk.stop and chunk.tokens_evaluated:
        return Usage(chunk.tokens_evaluated, chunk.tokens_predicted)
    return None


def _counted(wire: UsageWire, timings: Timings | None, *, exclusive: bool) -> Usage:
    details = wire.prompt_tokens_details or wire.prompt_token_details
    cached = wire.num_cached_tokens if wire.num_cached_tokens is not None else wire.prompt_cache_hit_tokens
    if cached is None:
        cached = details.cached_tokens if details is not None else wire.cached_tokens
    reasoning = wire.completion_tokens_details.reasoning_tokens if wire.completion_tokens_details is not None else None
    given, made = wire.prompt_tokens, wire.completion_tokens
    if exclusive:
        given, made = _inclusive(given, cached), _added(made, reasoning)
    return Usage(
        input=given,
        output=made,
        cached=cached,
        cache_write=details.cache_write_tokens if details is not None else None,
        reasoning=reasoning,
        cost=_cost(wire.cost),
        input_ns=_nanoseconds(timings.prompt_ms) if timings is not None else None,
        output_ns=_nanoseconds(timings.predicted_ms) if timings is not None else None,
    )


def _cost(said: object) -> float | None:
    """Return what a reply cost in USD: a number, or the sum among its parts."""
    if isinstance(said, dict):
        said = said.get("total_cost")
    return float(said) if isinstance(said, int | float) and not isinstance(said, bool) else None


def _timed(timings: Timings) -> Usage:
    """Return llama.cpp's own counts, which come even where usage was not asked for."""
    return Usage(
        input=_added(timings.prompt_n, timings.cache_n),
        output=timings.predicted_n,
        cached=timings.cache_n,
        input_ns=_nanoseconds(timings.prompt_ms),
        output_ns=_nanoseconds(timings.predicted_ms),
    )


def _added(count: int | None, more: int | None) -> int | None:
    return count if count is None or more is None else count + more


def _inclusive(given: int | None, cached: int | None) -> int | None:
    """Return all prompt tokens: a cache larger than the prompt was counted beside it (xAI)."""
    return given + cached if given is not None and cached is not None and cached > given else given


def _nanoseconds(milliseconds: float | None) -> int | None:
    return None if milliseconds is None else int(milliseconds * _MS)


def write_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Return usage for a client; None while a count is unknown, since 0 would be wrong."""
    if usage is None or usage.input is None or usage.output is None:
        return None
    wire: dict[str, Any] = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
    }
    if usage.cached is not None:
        wire["prompt_tokens_details"] = {"cached_tokens": usage.cached}
    if usage.reasoning is not None:
        wire["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning}
    return wire
