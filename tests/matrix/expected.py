"""What becomes of every feature: the data that the test holds and the page shows. What is not named is kept."""

from __future__ import annotations

from typing import Final

from matrix.questions import Feature

UNASKED: Final[dict[str, tuple[Feature, ...]]] = {"openai_responses": ("stop",)}
"""What a served dialect has no words for, so that no client asks it."""
REFUSED: Final[dict[str, dict[Feature, str]]] = {
    "openai_responses": {"stop": "The Responses API has no stop sequences."},
    "replicate": {
        "tools": "cannot call tools",
        "parallel tools": "cannot call tools",
        "tool results": "cannot call tools",
        "JSON schema": "cannot answer by a JSON schema",
    },
}
"""What a called dialect cannot carry, and the words of the refusal that every client of every dialect gets."""
UNSEEN: Final[dict[str, tuple[Feature, ...]]] = {"replicate": ("thinking",)}
"""What a called dialect passes on as a wish and never shows: its models' thoughts are no part of their output."""
