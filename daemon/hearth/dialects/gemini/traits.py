"""What the families of models differ in, as one table: the first pattern found in a model's name counts.

Sources: wire/providers §4.3 (ai.google.dev, "Thinking" and "Thought signatures", 2026-11). A name nobody here knows is
taken for the newest kind.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

from msgspec import Struct

Level = Literal["MINIMAL", "LOW", "MEDIUM", "HIGH"]
LEVELS: tuple[Level, ...] = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


class Traits(Struct, frozen=True):
    """What one family of models takes. `levels` and `budget` say how to ask for thinking; without them it has none."""

    pattern: str
    levels: tuple[Level, ...] = ()
    budget: tuple[int, int] | None = None
    """Fewest and most tokens of thinking."""
    can_rest: bool = False
    """A budget of 0 turns thinking off."""
    signatures: bool = False
    """A function call of the current turn must carry the signature of its maker, or the word that skips the check."""
    result_images: bool = False
    """A function's response may hold pictures."""
    tools_with_json: bool = False
    """Functions may be offered beside a schema for the answer."""
    system: bool = True
    """It has a place for instructions; else they are the first words of the user."""


def _newest(pattern: str, *levels: Level) -> Traits:
    return Traits(pattern, levels, signatures=True, result_images=True, tools_with_json=True)


TABLE = (
    Traits(r"gemma-[123]\b", system=False),
    Traits(r"gemma|learnlm|gemini-1|gemini-2\.0|embedding|2\.5-flash-image|-tts"),
    Traits(r"gemini-2\.5-flash-lite", budget=(512, 24576), can_rest=True),
    Traits(r"gemini-2\.5-pro", budget=(128, 32768)),
    Traits(r"gemini-2\.5|robotics-er-1\.5", budget=(1, 24576), can_rest=True),
    _newest(r"gemini-3-pro", "LOW", "HIGH"),
    _newest(r"gemini-3\.1-pro|gemini-3\.[78]-flash(?!-lite)|-latest", "LOW", "MEDIUM", "HIGH"),
    _newest(r"", *LEVELS),
)


@lru_cache(maxsize=256)
def traits_of(model: str) -> Traits:
    """Return the traits of a model's family, by its name alone."""
    return next(traits for traits in TABLE if re.search(traits.pattern, model))
