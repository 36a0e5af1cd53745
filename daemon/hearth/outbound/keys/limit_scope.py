"""Whether a limit that was met is of the model that was asked, or of all that a key may be used for; pure."""

from __future__ import annotations

import re
from typing import Final

from hearth.problems import Problem

_GOOGLES: Final = re.compile(
    rb'"quotaId"\s*:\s*"[^"]*Per(?:Base)?Model|"quotaMetric"\s*:\s*"[^"]*per_base_model'
    rb'|"quotaDimensions"\s*:\s*\{[^}]*"model"\s*:'
)
_WORD: Final = re.compile(r"[\w.:/@-]+")
_VERSION: Final = re.compile(r"[-@:].*\d")
"""What may follow a model's family in the name that was asked for: "-2024-08-06", "-4-5-20250929"."""


SHORTEST_FAMILY: Final = 3


def is_of_model(problem: Problem, model: str) -> bool:
    """Whether a provider's refusal says that a limit of this model was met, so that others may be asked with the key.

    Google names the quota ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", `quotaDimensions.model`). OpenAI,
    Groq ("Rate limit reached for gpt-4o in organization …"), OpenRouter ("google/gemini-…:free is temporarily
    rate-limited upstream") and Anthropic name the model in their words (wire/providers §3, §4).
    """
    return bool(model) and (_GOOGLES.search(problem.raw) is not None or _names(problem.message, model))


def _names(words: str, model: str) -> bool:
    """Whether words name a model, in full, without its owner, or without its version."""
    wanted = model.casefold()
    short = wanted.rpartition("/")[2]
    said = {word.strip(".:/-@") for word in _WORD.findall(words.casefold())}
    if wanted.strip(".:/-@") in said or short.strip(".:/-@") in said:
        return True
    return any(_is_family(word, short) for word in said)


def _is_family(word: str, model: str) -> bool:
    named = len(word) >= SHORTEST_FAMILY and any(letter.isdigit() for letter in word)
    return named and model.startswith(word) and _VERSION.fullmatch(model[len(word) :]) is not None
