"""One call's body and answer as they are kept: bytes, up to so many of each, with how many there were."""

from __future__ import annotations

from msgspec import Struct

MOST_ASKED = 16 * 1024 * 1024
"""Bytes of one request that are kept; of a longer one the rest is left out, and its size says so."""
MOST_ANSWERED = 4 * 1024 * 1024
"""Bytes of one answer that are kept."""


class Kept(Struct, frozen=True):
    """What was said in one call. `time` is a time.time(); the sizes are bytes as they came and went."""

    call: str
    time: float
    request: bytes
    request_size: int
    answer: bytes
    answer_size: int

    @property
    def room(self) -> int:
        """How many bytes of memory it takes while it waits to be written."""
        return len(self.request) + len(self.answer)


def kept(call: str, time: float, request: bytes, answer: bytes, answer_size: int) -> Kept:
    """Return what is kept of a call; `answer` may be less than the `answer_size` bytes that were sent."""
    return Kept(call, time, request[:MOST_ASKED], len(request), answer[:MOST_ANSWERED], answer_size)
