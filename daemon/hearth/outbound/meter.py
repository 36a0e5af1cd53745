"""Counts a reply as it passes: first token, tokens, bytes, how it ended.

The counts are the provider's, or said to be estimated.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

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

_MEANINGFUL = frozenset(MEANINGFUL)
_COUNTED = _MEANINGFUL | {Usage, Done, Failed}


class Meter(Struct):
    """One attempt's counts, which start at nothing seen."""

    usage: Usage | None = None
    first_ns: int = 0
    last_ns: int = 0
    text_bytes: int = 0
    bytes_in: int = 0
    finished: bool = False
    done: bool = False
    failed: Problem | None = None

    def see(self, frames: Iterable[Frame], now_ns: int) -> bool:
        """Count these frames; says whether something meaningful was among them."""
        meaningful = False
        for frame in frames:
            for event in frame.events:
                if type(event) is TextDelta:  # nearly all there is in a stream
                    meaningful = True
                    self.text_bytes += len(event.text)
                    continue
                kind = type(event)
                if kind in _COUNTED:
                    meaningful = meaningful or kind in _MEANINGFUL
                    self._count(event)
        if meaningful:
            self.last_ns = now_ns
            if not self.first_ns:
                self.first_ns = now_ns
        return meaningful

    def _count(self, event: Event) -> None:
        """Count one event. To ask a struct's metaclass, as `isinstance` and `match` do, takes ten times as long."""
        if type(event) is ThinkingDelta or type(event) is RefusalDelta:
            self.text_bytes += len(event.text)
        elif type(event) is Usage:
            self.usage = event if self.usage is None else _later(self.usage, event)
        elif type(event) is Finished:
            self.finished = True
        elif type(event) is Done:
            self.done = True
        elif type(event) is ToolCallDelta:
            self.text_bytes += len(event.arguments) + len(event.name)
        elif type(event) is Failed:
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
