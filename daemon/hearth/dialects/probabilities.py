"""Token probabilities in the shape that OpenAI and Ollama share: passed on as they came, where they have it."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from hearth.dialects.unreadable import UNREADABLE
from hearth.events import LogProbs


class _Rival(Struct, gc=False):
    token: str = ""
    logprob: float = 0.0


class _Step(_Rival):
    top_logprobs: list[_Rival] | None = None


_decode = msgspec.json.Decoder(list[_Step]).decode


def probabilities(content: Raw, choice: int = 0) -> list[LogProbs]:
    """Return the probabilities that a reply tells of; none where it tells nonsense, which breaks no answer."""
    try:
        steps = _decode(content)
    except UNREADABLE:
        return []
    return [LogProbs(Raw(bytes(content)), choice)] if steps else []
