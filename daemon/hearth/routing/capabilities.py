"""What a model can do, feature by feature, and who said so: config, its provider, our own data, or its wire format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, get_args

from msgspec import Struct

from hearth.chat import Need
from hearth.dialects.dialect import ModelInfo
from hearth.routing.carried import cannot_carry
from hearth.routing.models_known import known_of
from hearth_config.quirks import Quirks
from hearth_config.settings import ModelSettings

Feature = Literal[
    "chat",
    "stream",
    "system",
    "tools",
    "parallel_tools",
    "images",
    "audio",
    "thinking",
    "json",
    "json_schema",
    "fim",
    "embeddings",
    "fine_tuned",
    "offline",
]
FEATURES: tuple[Feature, ...] = get_args(Feature)
Source = Literal["config", "provider", "data", "dialect", "name", "address", ""]


class Answer(Struct, frozen=True):
    """Whether a model has a feature, and where that was learned; "unknown" was learned nowhere."""

    said: Literal["yes", "no", "unknown"] = "unknown"
    source: Source = ""


UNKNOWN = Answer()


class Abilities(Struct, frozen=True):
    """All answers about a model, and what they mean to a call.

    A need in `lacks` is refused; one in `unsure` is tried, after those that are known to meet it.
    """

    answers: Mapping[Feature, Answer]
    lacks: frozenset[Need]
    unsure: frozenset[Need]


_WORD: dict[Feature, str] = {
    "chat": "completion",
    "stream": "stream",
    "system": "system",
    "tools": "tools",
    "parallel_tools": "parallel_tools",
    "images": "vision",
    "audio": "audio",
    "thinking": "thinking",
    "json": "json",
    "json_schema": "json_schema",
    "fim": "insert",
    "embeddings": "embedding",
    "fine_tuned": "fine_tuned",
}
"""The word for a feature in `ModelInfo.capabilities`: Ollama's own (/api/show), and ours for what it has none for."""

_NEED: dict[Feature, Need] = {
    "tools": "tools",
    "images": "images",
    "audio": "audio",
    "thinking": "thinking",
    "json": "json",
    "json_schema": "json_schema",
    "fim": "suffix",
    "embeddings": "embeddings",
}
_FROM_SETTINGS = {
    "chat": "completion",
    "images": "vision",
    "embeddings": "embedding",
    "autocomplete": "insert",
}
"""What the config calls a capability, in Ollama's word where that is another."""
_OLLAMA_SAYS = frozenset({"completion", "tools", "vision", "audio", "thinking", "insert", "embedding"})
"""A list in these words that leaves one out says no to it, unless it names what it is sure to lack."""
_PINNABLE = _OLLAMA_SAYS | {"json_schema"}
"""What `capabilities = […]` in the config decides; the rest stays as it is known."""
_ALWAYS: frozenset[Feature] = frozenset({"stream", "system"})
_GIVEN: dict[str, frozenset[Feature]] = {
    "ollama": _ALWAYS | {"json", "json_schema"},
    "openai_chat": _ALWAYS | {"json"},
}
"""What a dialect does with any model that chats: Ollama holds each to a schema by a grammar."""


def pinned(words: Iterable[str]) -> frozenset[str]:
    """Turn the capabilities a user pinned into Ollama's words.

    `["tools", "images"]` says what a model can do besides chat (design §8): only embeddings alone are no chat.
    """
    said = frozenset(_FROM_SETTINGS.get(word, word) for word in words)
    return said if said == {"embedding"} else said | {"completion"}


def abilities_of(dialect: str, quirks: Quirks, pins: ModelSettings, info: ModelInfo) -> Abilities:
    """Return what a model can do. Models of which the same is said share one value."""
    said = info.capabilities
    known = known_of(info.name) if said is None and dialect != "ollama" else None
    lacking = info.lacking if info.lacking is not None or said is None else _OLLAMA_SAYS.difference(said)
    return _abilities(
        dialect,
        cannot_carry(dialect, quirks),
        None if pins.capabilities is None else pinned(pins.capabilities),
        (frozenset(said or ()), frozenset(lacking or ())),
        (known.has, known.lacks) if known is not None else (frozenset(), frozenset()),
    )


_Words = tuple[frozenset[str], frozenset[str]]


@lru_cache(maxsize=1024)
def _abilities(
    dialect: str, wire: frozenset[Need], pins: frozenset[str] | None, provider: _Words, data: _Words
) -> Abilities:
    answers = {feature: _answer(feature, dialect, wire, pins, provider, data) for feature in _WORD}
    needs = _NEED.items()
    return Abilities(
        answers,
        wire | {need for feature, need in needs if answers[feature].said == "no"},
        frozenset(need for feature, need in needs if answers[feature].said == "unknown"),
    )


def _answer(
    feature: Feature, dialect: str, wire: frozenset[Need], pins: frozenset[str] | None, provider: _Words, data: _Words
) -> Answer:
    """The wire format may forbid; then the user's word counts, the provider's, ours, and what the dialect always does.

    A word of ours about the chat of an embedding model is worth more than what its dialect does with any model.
    """
    word = _WORD[feature]
    if _NEED.get(feature) in wire:
        return Answer("no", "dialect")
    if pins is not None and word in _PINNABLE:
        return Answer("yes" if word in pins else "no", "config")
    sources: tuple[tuple[_Words, Source], ...] = ((provider, "provider"), (data, "data"))
    for (has, lacks), source in sources:
        if word in has:
            return Answer("yes", source)
        if word in lacks:
            return Answer("no", source)
    return Answer("yes", "dialect") if feature in _GIVEN.get(dialect, _ALWAYS) else UNKNOWN
