"""How fast a key is used after its limits were met, where its provider does not tell them: found out by trying."""

from __future__ import annotations

from math import inf
from typing import Final

REMEMBERED_S: Final = 60.0
"""A limit that was not met for so long is forgotten."""
FIRST_REST_S: Final = 0.5
LONGEST_REST_S: Final = 60.0
FULL_WAIT_S: Final = 0.05
"""How long to look away while as many requests are under way as may be."""


class Pace:
    """What is known of a limit that was met: how many requests at once go well. Times are monotonic seconds.

    It is halved when a limit is met again after a rest, and grows by one for each time that all of them passed.
    """

    __slots__ = ("_met_at", "_rests", "_until", "most")

    def __init__(self) -> None:
        """As many as are asked for, until a rest did not help."""
        self.most: float = inf
        self._met_at = self._until = -inf
        self._rests = 0
        """How many rests there were since a request was answered."""

    def met(self, began: float, under_way: int, told_s: float | None, now: float) -> float:
        """Say that a request was refused which began at that moment, with so many others under way.

        Returns for how many seconds to rest: what the provider told, else longer each time in a row.
        """
        self._met_at = now
        if began >= self._until:  # what was sent before, or while it rests, tells nothing new
            if self._until > -inf:
                self.most = max(min(self.most, under_way + 1) / 2, 1.0)
            self._rests += 1
            self._until = now + (told_s or min(FIRST_REST_S * 2.0 ** min(self._rests - 1, 10), LONGEST_REST_S))
        elif told_s:
            self._until = max(self._until, now + told_s)
        return self._until - now

    def passed(self) -> None:
        """Say that a request was answered."""
        self._rests = 0
        self.most += 1 / self.most

    @property
    def helps(self) -> bool:
        """Whether waiting is worth while: something was answered since the rest before the last."""
        return self._rests < 2

    def slept(self, seconds: float) -> None:
        """Let so much time have passed that the clock did not count."""
        self._met_at -= seconds
        self._until -= seconds

    def is_over(self, now: float) -> bool:
        """Whether the limit was not met for so long that it is forgotten."""
        return now - self._met_at >= REMEMBERED_S

    def wait_s(self, under_way: int) -> float:
        """Return for how long another request should wait, with so many under way; 0 is now."""
        return FULL_WAIT_S if under_way >= int(min(self.most, 1e9)) else 0.0
