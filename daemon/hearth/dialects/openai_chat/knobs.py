"""The settings of the sampler, between a request's members and their meaning."""

from __future__ import annotations

from hearth.chat import Knobs, Members
from hearth.dialects.body import value

_PLAIN: tuple[tuple[str, str, type], ...] = (
    ("temperature", "temperature", float),
    ("top_p", "top_p", float),
    ("top_k", "top_k", int),
    ("min_p", "min_p", float),
    ("typical_p", "typical_p", float),
    ("presence_penalty", "presence_penalty", float),
    ("frequency_penalty", "frequency_penalty", float),
    ("repetition_penalty", "repeat_penalty", float),
    ("repeat_penalty", "repeat_penalty", float),
    ("repeat_last_n", "repeat_last_n", int),
    ("seed", "seed", int),
    ("random_seed", "seed", int),
)
"""Wire name, meaning, kind. The names beyond OpenAI's own are those of vLLM, llama.cpp, OpenRouter and Mistral."""

_NO_KNOBS = Knobs()
NAMES = frozenset({name for name, _, _ in _PLAIN} | {"max_tokens", "max_completion_tokens", "stop"})


def read_knobs(members: Members) -> Knobs:
    """Return the knobs; of two names for one thing OpenAI's later one wins. Raises `BadRequest` for a wrong type."""
    if NAMES.isdisjoint(members):
        return _NO_KNOBS
    found: dict[str, float | tuple[str, ...]] = {
        meaning: given
        for name, meaning, kind in _PLAIN
        if name in members and (given := value(members, name, kind)) is not None
    }
    limit = read_max_tokens(members)
    if limit is not None:
        found["max_tokens"] = limit
    stop = value(members, "stop", str | list[str])
    if stop:
        found["stop"] = (stop,) if isinstance(stop, str) else tuple(stop)
    return Knobs(**found)  # type: ignore[arg-type]  # the table has the kind of each


def read_max_tokens(members: Members) -> int | None:
    """Return the limit of tokens: `max_completion_tokens`, or its older name."""
    newer: int | None = value(members, "max_completion_tokens", int)
    older: int | None = value(members, "max_tokens", int)
    return older if newer is None else newer


DIMENSIONS = ("dimensions", "output_dimension")
"""How shorter vectors are asked for: by OpenAI's word, or by Mistral's and Voyage's."""


def dimensions_of(members: Members) -> int | None:
    """Return how long vectors are to be; None leaves it to the model. Raises `BadRequest`."""
    for name in DIMENSIONS:
        given: int | None = value(members, name, int)
        if given is not None:
            return given
    return None
