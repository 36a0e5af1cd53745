"""What a lane tells of itself, and what an attempt tells a lane."""

from __future__ import annotations

from msgspec import Struct


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
