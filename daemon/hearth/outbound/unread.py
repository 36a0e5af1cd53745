"""The prompt that an engine goes on reading although its caller has left (pain 10).

Some Ollamas stop at once, others read a prompt to its end before they notice, and nothing that can be asked says which.
So it is learned: a call that was sent meanwhile, and whose first word came late by what was left of the other prompt,
has shown it. Until then nothing is believed, and nobody is kept waiting: a mark only makes the model count as busy.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from hearth.routing.expected import reading_s

if TYPE_CHECKING:
    from hearth.outbound.lane_values import Lesson
    from hearth.routing.expected import Learned

LEAST_S = 0.5
"""Less than this is left out: it cannot be told from chance."""
LONGEST_S = 600.0
SHARE = 0.5
"""A call that was late by at least so much of what was left has waited for it; one that was not shows the opposite."""


class Reader(Protocol):
    """An engine: whether it was seen to go on reading."""

    reads_on: bool


class Unread:
    """The last such prompt of one model; moments are seconds of the monotonic clock."""

    def __init__(self, engine: Reader) -> None:
        """There is none."""
        self.until = 0.0
        """When it will have been read, at the pace of such prompts lately; 0.0: there is none."""
        self._engine = engine
        self._since = 0.0

    def left(self, learned: Learned, prompt_tokens: int, sent_at: float) -> None:
        """Say that the caller of a prompt left before its first word."""
        now = monotonic()
        until = sent_at + min(reading_s(learned, prompt_tokens), LONGEST_S)
        if until - now >= LEAST_S and until > self.until:
            self._since, self.until = now, until

    def rest(self, now: float) -> float:
        """Return for how many seconds the engine goes on reading, as far as that is known."""
        return max(self.until - now, 0.0) if self._engine.reads_on else 0.0

    def heard(self, lesson: Lesson, learned: Learned, now: float) -> Lesson:
        """Learn from an answer that came after it; returns the lesson without what the other prompt made of it."""
        if lesson.first_token_s is None or lesson.call_s is None:
            return lesson
        sent = now - lesson.call_s
        behind = self.until - sent
        if sent < self._since or behind < LEAST_S:
            self.until = 0.0 if sent >= self.until else self.until
            return lesson
        late = lesson.first_token_s - reading_s(learned, lesson.prompt_tokens)
        self.until, self._engine.reads_on = 0.0, late >= behind * SHARE
        return replace(lesson, first_token_s=None, call_s=None) if self._engine.reads_on else lesson
