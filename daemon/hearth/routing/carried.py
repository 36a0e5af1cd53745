"""What a wire format cannot carry, whatever the model behind it."""

from __future__ import annotations

from hearth.chat import Need
from hearth_config.quirks import Quirks

_NO_PLACE_FOR: dict[str, frozenset[Need]] = {
    "anthropic": frozenset(
        {"audio", "json", "logprobs", "choices", "suffix", "raw", "embeddings", "repository", "token_ids", "tokenize"}
    ),
    "cohere": frozenset(
        {"audio", "files", "logprobs", "choices", "suffix", "raw", "repository", "token_ids", "tokenize"}
    ),
    "gemini": frozenset({"suffix", "raw", "repository", "token_ids", "tokenize"}),
    "ollama": frozenset({"tool_choice", "files", "choices", "token_ids", "tokenize"}),
    "openai_responses": frozenset(
        {"audio", "choices", "suffix", "raw", "embeddings", "repository", "token_ids", "tokenize"}
    ),
    "replicate": frozenset(
        {
            "tools",
            "tool_choice",
            "audio",
            "files",
            "json",
            "json_schema",
            "logprobs",
            "choices",
            "suffix",
            "raw",
            "repository",
            "embeddings",
            "dimensions",
            "token_ids",
            "tokenize",
        }
    ),
}
"""What a dialect's wire format cannot carry, a row a dialect; of `openai_chat` the quirks of its servers tell."""


def cannot_carry(dialect: str, quirks: Quirks) -> frozenset[Need]:
    """Return the needs that no model behind this wire format can meet."""
    return _quirks_lack(quirks) if dialect == "openai_chat" else _NO_PLACE_FOR.get(dialect, frozenset())


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
        ("dimensions", quirks.dimensions_field is not None),
        ("tokenize", quirks.tokenize),
    )
    return frozenset(need for need, met in checks if not met)


def _carries(quirks: Quirks, field: str) -> bool:
    return field not in quirks.drop and (quirks.allow_only is None or field in quirks.allow_only)
