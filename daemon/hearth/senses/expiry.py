"""Until when an engine says it keeps a model loaded, as a moment of the monotonic clock."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

FOR_EVER_S = 10 * 365 * 86_400.0
"""Ollama writes "for ever" as a date some 292 years ahead."""
AT_LEAST_S = 10.0
"""A listed model whose time is over is at work right now (wire/ollama §3.2), and is kept for a while after."""


def monotonic_until(expires: str, *, now: float, wall: float) -> float:
    """Turn Ollama's `expires_at` into seconds of the monotonic clock; `now` and `wall` are one moment on both clocks.

    A server that names no time keeps its model: infinity.
    """
    if not expires:
        return inf
    try:
        moment = datetime.fromisoformat(expires)
    except ValueError:
        return now + AT_LEAST_S
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        left = moment.timestamp() - wall
    except (OverflowError, ValueError):
        return now + AT_LEAST_S
    return inf if left > FOR_EVER_S else now + max(left, AT_LEAST_S)
