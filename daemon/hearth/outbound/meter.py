"""Counts a reply as it passes: first token, tokens, bytes, how it ended.

The counts are the provider's, or said to be estimated.
"""

from __future__ import annotations

from collections.abc import Iterable

from hearth.events import (
    MEANINGFUL,
    Done,
    Event,
    Failed,
    Finished,
    Frame,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth.problems import Problem

BYTES_PER_TOKEN = 4
"""The estimate for text nobody counted (wire/providers §6); every such figure is marked as estimated."""

MOST_TOKENS = 1_000_000_000
"""No call has so many: a count beyond it is nonsense, and an estimate stands in."""

_TEXT = (TextDelta, ThinkingDelta, RefusalDelta)
_COUNTED = frozenset((*_TEXT, ToolCallDelta, Usage, Finished, Done, Failed))
_MEANINGFUL = frozenset(MEANINGFUL)


class Meter:
    """One attempt's counts."""

    __slots__ = ("bytes_in", "done", "failed", "finished", "first_ns", "last_ns", "text_bytes", "usage")

    def __init__(self) -> None:
        """Start at nothing seen."""
        self.usage: Usage | None = None
        self.first_ns = 0
        self.last_ns = 0
        self.text_bytes = 0
        self.bytes_in = 0
        self.finished = False
        self.done = False
        self.failed: Problem | None = None

    def see(self, frames: Iterable[Frame], now_ns: int) -> bool:
        """Count these frames; says whether something meaningful was among them."""
        meaningful = False
        for frame in frames:
            for event in frame.events:
                kind = type(event)
                if kind in _MEANINGFUL:
                    meaningful = True
                if isinstance(event, _TEXT):  # nearly all there is in a stream
                    self.text_bytes += len(event.text)
                elif kind in _COUNTED:
                    self._count(event)
        if meaningful:
            self.last_ns = now_ns
            if not self.first_ns:
                self.first_ns = now_ns
        return meaningful

    def _count(self, event: Event) -> None:
        match event:
            case Usage():
                self.usage = event if self.usage is None else _later(self.usage, event)
            case Finished():
                self.finished = True
            case Done():
                self.done = True
            case ToolCallDelta():
                self.text_bytes += len(event.arguments) + len(event.name)
            case Failed():
                self.failed = event.problem

    def tokens(self, prompt_estimate: int) -> tuple[int | None, int | None, bool]:
        """Return input tokens, output tokens and whether a count is ours.

        A cut stream is billed by what was seen (pain 12).
        """
        usage = self.usage
        counted_in = plausible(usage.input) if usage is not None else None
        counted_out = plausible(usage.output) if usage is not None else None
        if counted_in is not None and counted_out is not None:
            return counted_in, counted_out, False
        if not self.first_ns and usage is None:
            return None, None, False
        estimate_out = -(-self.text_bytes // BYTES_PER_TOKEN)
        return (
            counted_in if counted_in is not None else prompt_estimate,
            counted_out if counted_out is not None else estimate_out,
            True,
        )


def plausible(count: int | None) -> int | None:
    """Return a provider's count of tokens, or None where it cannot be one."""
    return count if count is not None and 0 <= count < MOST_TOKENS else None


def _later(old: Usage, new: Usage) -> Usage:
    """Lay a later usage over an earlier one: providers repeat it, each time more complete."""
    fields = {
        name: getattr(new, name) if getattr(new, name) is not None else getattr(old, name)
        for name in Usage.__struct_fields__
    }
    return Usage(**fields)
