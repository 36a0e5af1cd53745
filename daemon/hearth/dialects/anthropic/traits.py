"""What each family of models behind this dialect takes: the one table of it (wire/providers §0.3, §4.2).

A model's row is the first whose pattern is found in its name, dots read as dashes, so that the names of other hosts
("anthropic/claude-opus-4.8") match too. A `claude-` that no row names is newer than this page, and like the newest.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct


class Traits(Struct, frozen=True):
    """What a model takes of a request; the defaults are those of servers that only speak the dialect."""

    sampling: Literal["all", "one", "none"] = "all"
    """temperature, top_p and top_k; "one": temperature or top_p, not both."""
    thinking: Literal["budget", "adaptive"] = "budget"
    effort: bool = False
    """Takes `output_config.effort`."""
    xhigh: bool = False
    """Knows the effort "xhigh"."""
    can_rest: bool = True
    """Takes `thinking: disabled`."""
    forced_choice: bool = True
    """Takes a `tool_choice` of "any" or "tool"."""
    schema: bool = False
    """Takes `output_config.format`."""
    signed: bool = False
    """Takes earlier thinking back only with its maker's own signature."""
    max_tokens: int = 4096
    """What is sent where nobody said how long an answer may be: the most the model can write."""


_NEWEST = Traits("none", "adaptive", effort=True, xhigh=True, schema=True, signed=True, max_tokens=128_000)
_OLDEST = Traits("all", signed=True)

_ROWS: tuple[tuple[str, Traits], ...] = (
    (
        r"claude.*(fable|mythos)",
        Traits(
            "none",
            "adaptive",
            effort=True,
            xhigh=True,
            can_rest=False,
            forced_choice=False,
            schema=True,
            signed=True,
            max_tokens=128_000,
        ),
    ),
    (
        r"claude-(opus|sonnet)-4-6",
        Traits("one", "adaptive", effort=True, schema=True, signed=True, max_tokens=128_000),
    ),
    (r"claude-opus-4-5", Traits("one", effort=True, schema=True, signed=True, max_tokens=64_000)),
    (r"claude-(sonnet|haiku)-4-5", Traits("one", schema=True, signed=True, max_tokens=64_000)),
    (r"claude-opus-4-1", Traits("one", schema=True, signed=True, max_tokens=32_000)),
    (r"claude-(opus|sonnet)-4(-0|-20\d{6}|$)", Traits("one", signed=True, max_tokens=32_000)),
    (r"claude-(instant|[23])", _OLDEST),
    (r"claude", _NEWEST),
    (r"minimax", Traits(thinking="adaptive", max_tokens=32_000)),
)
_COMPILED = tuple((re.compile(pattern), traits) for pattern, traits in _ROWS)

BUDGETS = {"minimal": 1024, "low": 2048, "medium": 10_000, "high": 16_384, "xhigh": 32_768, "max": 32_768}
"""Tokens of thinking for an effort, where a model takes a budget (wire/providers §2)."""
LEAST_BUDGET = 1024


@lru_cache(maxsize=256)
def traits_of(model: str) -> Traits:
    """Return the row of a model."""
    name = model.lower().replace(".", "-")
    return next((traits for pattern, traits in _COMPILED if pattern.search(name)), Traits())
