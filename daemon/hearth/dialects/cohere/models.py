"""Cohere's list of models, read and written: their windows, what they are for, and what they can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

PATH = "v1/models?page_size=1000"
"""A thousand is the most a page holds, and far more than there are."""
_FEATURES = {
    "tools": "tools",
    "vision": "vision",
    "reasoning": "thinking",
    "json_schema": "json_schema",
}
_ENDPOINTS = {"chat": "completion", "embed": "embedding", "embed_image": "embedding"}


class _Model(Struct):
    name: str = ""
    endpoints: list[str] | None = None
    features: list[str] | None = None
    context_length: float | None = None
    supports_vision: bool | None = None


class _Page(Struct):
    models: list[_Model]


_decode = msgspec.json.Decoder(_Page).decode


def read_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Return the models of a page that chat or embed; what only reranks or classifies is left out.

    Raises `BrokenReply`.
    """
    try:
        found = _decode(body).models
    except UNREADABLE:
        raise BrokenReply("The list of models has an unknown shape.") from None
    return tuple(_info(model) for model in found if model.name and _speaks(model))


def _speaks(model: _Model) -> bool:
    return not model.endpoints or any(endpoint in _ENDPOINTS for endpoint in model.endpoints)


def _info(model: _Model) -> ModelInfo:
    window = int(model.context_length) if model.context_length and model.context_length > 0 else None
    return ModelInfo(model.name, window=window, capabilities=_capabilities(model))


def _capabilities(model: _Model) -> tuple[str, ...] | None:
    """Return what a model can do in Ollama's words; None where a model that chats does not say."""
    words = [_ENDPOINTS[endpoint] for endpoint in model.endpoints or () if endpoint in _ENDPOINTS]
    if not words or ("completion" in words and not model.features):
        return None
    words += [word for feature, word in _FEATURES.items() if feature in (model.features or ())]
    if model.supports_vision:
        words.append("vision")
    return tuple(dict.fromkeys(words))


def write_models(models: Sequence[ModelInfo]) -> bytes:
    """Return the body of `GET /v1/models` as Cohere's own clients read it: all models on one page."""
    return msgspec.json.encode({"models": [_entry(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    """Return the body of `GET /v1/models/NAME`."""
    return msgspec.json.encode(_entry(model))


def _entry(model: ModelInfo) -> dict[str, Any]:
    """Return one entry; a model of which nobody says what it can do can at least chat."""
    known = ("completion",) if model.capabilities is None else model.capabilities
    endpoints = [name for name, word in (("chat", "completion"), ("embed", "embedding")) if word in known]
    entry: dict[str, Any] = {"name": model.name, "is_deprecated": False, "endpoints": endpoints, "finetuned": False}
    entry["features"] = [name for name, word in _FEATURES.items() if word in known]
    window = model.loaded_window or model.window
    return entry if window is None else entry | {"context_length": window}
