"""What the tokens of a prompt and of an answer were, as both APIs of OpenAI count them (wire/providers §2)."""

from __future__ import annotations

from msgspec import Struct


class InputDetails(Struct, gc=False):
    """What the prompt's tokens were."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class OutputDetails(Struct, gc=False):
    """What the answer's tokens were."""

    reasoning_tokens: int | None = None
