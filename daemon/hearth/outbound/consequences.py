"""What an attempt that failed means to the rest of a plan: why the next is asked, and whether it may be."""

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


def is_refusal(problem: Problem, call: Call) -> bool:
    """Whether the model that was meant will not do this: `[fallback]` is no way around that, as in the plan.

    A prompt that is too long may go there if the call wishes so.
    """
    if isinstance(problem, ContextTooLong):
        return call.outline.wishes.context != "route"
    return isinstance(problem, Unsupported)
