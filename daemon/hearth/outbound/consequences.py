"""What an attempt that failed means to the rest of a plan: why the next is asked, and whether it may be.

And how many more attempts than calls there may be at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.problems import ContextTooLong, Problem, Unsupported

if TYPE_CHECKING:
    from hearth.call import Call

REASONS = {
    "model_missing": "missing",
    "overloaded": "busy",
    "queue_full": "busy",
    "rate_limited": "rate_limited",
    "quota_spent": "quota_spent",
    "key_refused": "no_key",
    "not_permitted": "no_key",
    "budget": "refused:budget",
    "context_too_long": "refused:context_window",
    "unsupported": "refused:ability",
}
"""Why somebody else is asked after a problem of that kind; any other: "down". A plan has the same words."""


class RetryBudget:
    """At most a fifth more attempts than calls, over all calls, so that an outage is not made worse (F16)."""

    SHARE = 0.2
    LEAST = 3.0
    MOST = 10.0

    def __init__(self) -> None:
        """Start with room for a few."""
        self._room = self.LEAST

    def earn(self) -> None:
        """Count a call."""
        if self._room < self.MOST:
            self._room = min(self.MOST, self._room + self.SHARE)

    def spend(self) -> bool:
        """Take room for one retry, if there is any."""
        if self._room < 1.0:
            return False
        self._room -= 1.0
        return True


def is_refusal(problem: Problem, call: Call) -> bool:
    """Whether the model that was meant will not do this: `[fallback]` is no way around that, as in the plan.

    A prompt that is too long may go there if the call wishes so.
    """
    if isinstance(problem, ContextTooLong):
        return call.outline.wishes.context != "route"
    return isinstance(problem, Unsupported)
