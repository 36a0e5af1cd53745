"""What a lane tells of itself, and what an attempt tells a lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from hearth.routing.expected import Learned


class LaneView(Struct, frozen=True):
    """What others may know of a lane: counts now, and times in seconds on the monotonic clock."""

    slots: int
    in_flight: int
    queued: int
    limit: int
    loaded: bool
    loading_since: float | None
    loads: int
    last_load_s: float | None


class Lesson(Struct, frozen=True):
    """What an attempt showed of its model: seconds and tokens; None where it showed nothing."""

    prompt_tokens: int = 0
    first_token_s: float | None = None
    call_s: float | None = None
    output_tokens: int | None = None
    stays_until: float = 0.0

    def taught(self, learned: Learned, now: float) -> Learned:
        """Return what was learned before with this added."""
        if self.first_token_s is not None:
            learned = learned.saw_first_token(self.prompt_tokens, self.first_token_s, now)
        if self.call_s is not None:
            learned = learned.saw_call(self.call_s, self.output_tokens, now, self.first_token_s)
        return learned
