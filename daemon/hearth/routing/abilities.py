"""Which needs of a call a target cannot meet, worked out once when a catalog is built."""

from __future__ import annotations

from collections.abc import Iterable

from hearth.chat import Need
from hearth_config.quirks import Quirks

WORDS: dict[Need, str] = {
    "tools": "call tools",
    "images": "read images",
    "audio": "hear audio",
    "files": "read files",
    "json": "answer in JSON",
    "json_schema": "answer by a JSON schema",
    "thinking": "think before it answers",
    "suffix": "fill in the middle (suffix)",
    "logprobs": "return log probabilities",
    "choices": "give several choices (n)",
    "raw": "complete a raw prompt",
    "embeddings": "make embeddings",
}
"""What a target cannot do, for people: "ollama/x cannot " + words."""

_CAPABILITY: dict[Need, str] = {
    "tools": "tools",
    "images": "vision",
    "audio": "audio",
    "thinking": "thinking",
    "suffix": "insert",
    "embeddings": "embedding",
    "json_schema": "json_schema",
}
"""Ollama's word for the capability behind a need (/api/show); `json_schema` is ours, for what a user may pin."""

_FROM_SETTINGS = {
    "chat": "completion",
    "images": "vision",
    "embeddings": "embedding",
    "autocomplete": "insert",
}

_OLLAMA_LACKS: frozenset[Need] = frozenset({"files", "choices"})
"""Its wire format has no place for them."""


def pinned(words: Iterable[str]) -> frozenset[str]:
    """Turn the capabilities a user pinned into Ollama's words."""
    return frozenset(_FROM_SETTINGS.get(word, word) for word in words)


def reported(words: Iterable[str]) -> frozenset[str]:
    """Complete what Ollama reports: whatever chats can be held to a JSON schema, which Ollama does by a grammar."""
    known = frozenset(words)
    return known | {"json_schema"} if "completion" in known else known


def lacks(dialect: str, quirks: Quirks, capabilities: frozenset[str] | None) -> frozenset[Need]:
    """Return the needs a target cannot meet, by wire format and by model; unknown capabilities lack nothing."""
    by_wire = _by_wire(dialect, quirks)
    if capabilities is None:
        return by_wire
    return by_wire | {need for need, word in _CAPABILITY.items() if word not in capabilities}


def _by_wire(dialect: str, quirks: Quirks) -> frozenset[Need]:
    if dialect == "ollama":
        return _OLLAMA_LACKS
    return _quirks_lack(quirks) if dialect == "openai_chat" else frozenset()


def _quirks_lack(quirks: Quirks) -> frozenset[Need]:
    checks: tuple[tuple[Need, bool], ...] = (
        ("tools", quirks.tools),
        ("json", quirks.json_object),
        ("json_schema", quirks.json_schema),
        ("suffix", quirks.fim != "none"),
        ("embeddings", quirks.embeddings_path is not None),
        ("raw", quirks.completions_path is not None),
        ("logprobs", quirks.logprobs and _carries(quirks, "logprobs")),
        ("choices", quirks.many and _carries(quirks, "n")),
    )
    return frozenset(need for need, met in checks if not met)


def _carries(quirks: Quirks, field: str) -> bool:
    return field not in quirks.drop and (quirks.allow_only is None or field in quirks.allow_only)
