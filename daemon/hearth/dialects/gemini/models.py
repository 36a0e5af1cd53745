"""Lists of models: as Google's clients ask for them, and as the Gemini API and Vertex send them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

_PICTURES = ("-image", "-tts", "native-audio", "-live", "imagen", "veo", "aqa", "computer-use", "robotics", "lyria")
"""Models of another kind: what they can do is not known here."""


class Entry(Struct, rename="camel"):
    """One model of the list."""

    name: str = ""
    input_token_limit: int | None = None
    output_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None
    thinking: bool | None = None


class Listed(Struct, rename="camel"):
    """The list; Vertex calls its entries otherwise."""

    models: list[Entry] | None = None
    publisher_models: list[Entry] | None = None
    next_page_token: str | None = None


def read_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Return the models that answer or embed. Raises `BrokenReply`."""
    listed = _read(body)
    entries = (listed.models or []) + (listed.publisher_models or [])
    return tuple(_info(entry) for entry in entries if entry.name and _answers(entry))


def next_page(body: bytes) -> str:
    """Return the token of the next page, "" after the last."""
    return _read(body).next_page_token or ""


def _read(body: bytes) -> Listed:
    try:
        return msgspec.json.decode(body, type=Listed)
    except UNREADABLE:
        raise BrokenReply("The list of models is not what this API sends.", code="upstream_not_api") from None


def _answers(entry: Entry) -> bool:
    """Say whether a model can be called here at all; Vertex does not tell."""
    methods = entry.supported_generation_methods
    return methods is None or not {"generateContent", "embedContent", "batchEmbedContents"}.isdisjoint(methods)


def _info(entry: Entry) -> ModelInfo:
    name = entry.name.removeprefix("models/")
    if name.startswith("publishers/"):
        name = name.rpartition("/models/")[2]
    return ModelInfo(
        name,
        window=entry.input_token_limit or None,
        output_limit=entry.output_token_limit or None,
        capabilities=_capabilities(name, entry),
    )


def _capabilities(name: str, entry: Entry) -> tuple[str, ...] | None:
    """Return what a model can do in Ollama's words; None where the list leaves it open."""
    methods = entry.supported_generation_methods
    if methods is None or any(mark in name for mark in _PICTURES):
        return None
    if "generateContent" not in methods:
        return ("embedding",)
    if not name.startswith("gemini-"):
        return None
    words = ["completion", "tools", "vision", "audio", "json_schema"]
    return tuple([*words, "thinking"] if entry.thinking else words)


def write_models(models: Sequence[ModelInfo]) -> bytes:
    """Return the body of `GET /v1beta/models`, all on one page."""
    return msgspec.json.encode({"models": [_entry(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    """Return the body of `GET /v1beta/models/M`."""
    return msgspec.json.encode(_entry(model))


def _entry(model: ModelInfo) -> dict[str, Any]:
    known = model.capabilities
    embeds = known is not None and "embedding" in known
    writes = known is None or "completion" in known
    methods = ["generateContent", "countTokens"] if writes else []
    entry: dict[str, Any] = {
        "name": f"models/{model.name}",
        "displayName": model.name,
        "supportedGenerationMethods": [*methods, *(["embedContent", "batchEmbedContents"] if embeds else [])],
    }
    window = model.loaded_window or model.window
    if window is not None:
        entry["inputTokenLimit"] = window
    if model.output_limit is not None:
        entry["outputTokenLimit"] = model.output_limit
    if known is not None:
        entry["thinking"] = "thinking" in known
    return entry
