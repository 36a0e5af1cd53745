"""Lists of models: as clients ask for them, and as the many kinds of servers send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

_FEATURES = {"tools": "tools", "reasoning": "thinking", "include_reasoning": "thinking"}
"""OpenRouter's `supported_parameters` -> our words."""
MISTRAL = {
    "completion_chat": "completion",
    "completion_fim": "insert",
    "function_calling": "tools",
    "vision": "vision",
    "reasoning": "thinking",
}
"""Mistral's `capabilities` -> our words."""


def write_models(models: Sequence[ModelInfo]) -> bytes:
    """Return the body of `GET /v1/models`. Each entry states the window really served, where it is known."""
    return msgspec.json.encode({"object": "list", "data": [entry(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    """Return the body of `GET /v1/models/ID`; ids may hold `/` and `:`."""
    return msgspec.json.encode(entry(model))


def entry(model: ModelInfo) -> dict[str, Any]:
    """Return one entry of such a list."""
    namespace, slash, _ = model.name.partition("/")
    row: dict[str, Any] = {
        "id": model.name,
        "object": "model",
        "created": _seconds(model.modified),
        "owned_by": namespace if slash else "library",
    }
    window = model.loaded_window or model.window
    if window is not None:
        row["context_length"] = window
        row["max_model_len"] = window
    return row


def _seconds(modified: str) -> int:
    try:
        return int(datetime.fromisoformat(modified).timestamp())
    except ValueError:
        return 0


def read_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Return the models of a list: `{"data": []}`, a bare array or `{"models": []}`. Raises `BrokenReply`."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        raise BrokenReply("The list of models is not JSON.", code="upstream_not_api") from None
    if isinstance(found, dict) and ("data" in found or "models" in found):
        found = found.get("data") or found.get("models") or []
    if not isinstance(found, list):
        raise BrokenReply("The list of models has an unknown shape.")
    return tuple(_model(item) for item in found if isinstance(item, dict) and _name(item))


def _name(item: dict[str, Any]) -> str:
    name = item.get("id") or item.get("name")
    return name if isinstance(name, str) else ""


def _list(item: dict[str, Any], name: str) -> list[Any]:
    """Return a list among the members; an empty one where something else stands in its place."""
    found = item.get(name)
    return found if isinstance(found, list) else []


def _model(item: dict[str, Any]) -> ModelInfo:
    meta = _object(item, "meta")
    top = _object(item, "top_provider")
    trained = _number(meta, "n_ctx_train")
    window = _first(item, "context_length", "context_window", "max_context_length", "max_model_len")
    routes = [route for route in _list(item, "providers") if isinstance(route, dict)]
    windows = [found for route in routes if (found := _number(route, "context_length")) is not None]
    price_input, price_output = _prices(item)
    return ModelInfo(
        _name(item),
        size=_number(meta, "size"),
        window=window or trained or min(windows, default=None),
        loaded_window=_number(meta, "n_ctx"),
        capabilities=_capabilities(item),
        lacking=() if _calls_tools(item) else None,
        output_limit=_number(top, "max_completion_tokens") or _number(item, "max_completion_tokens"),
        price_input=price_input,
        price_output=price_output,
    )


def _object(item: dict[str, Any], name: str) -> dict[str, Any]:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _number(item: dict[str, Any], name: str) -> int | None:
    found = item.get(name)
    return found if type(found) is int and found > 0 else None


def _first(item: dict[str, Any], *names: str) -> int | None:
    return next((number for name in names if (number := _number(item, name)) is not None), None)


def _capabilities(item: dict[str, Any]) -> tuple[str, ...] | None:
    """Return what a model can do in Ollama's words; None where the list does not say."""
    if _embeds(item):
        return ("embedding",)
    mistral = item.get("capabilities")
    if isinstance(mistral, dict):
        return tuple(dict.fromkeys(word for name, word in MISTRAL.items() if mistral.get(name) is True))
    if _calls_tools(item):
        return ("completion", "tools")
    features = item.get("supported_parameters")
    if not isinstance(features, list):
        return None
    architecture = _object(item, "architecture")
    words = ["completion", *(word for name, word in _FEATURES.items() if name in features)]
    if "image" in _list(architecture, "input_modalities"):
        words.append("vision")
    if "audio" in _list(architecture, "input_modalities"):
        words.append("audio")
    return tuple(dict.fromkeys(words))


def _embeds(item: dict[str, Any]) -> bool:
    """Say whether a model makes vectors and nothing else, as Together, LM Studio and OpenRouter tell it by its kind.

    Mistral's capabilities have no word for it: such a model can do nothing, by that list, and only its name tells.
    """
    made = _object(item, "architecture").get("output_modalities")
    if item.get("type") in ("embedding", "embeddings") or made == ["embeddings"]:
        return True
    mistral = item.get("capabilities")
    chats = not isinstance(mistral, dict) or any(mistral.get(name) is True for name in MISTRAL)
    return not chats and "embed" in _name(item).lower()


def _calls_tools(item: dict[str, Any]) -> bool:
    """Say whether one of those behind Hugging Face's router calls tools; of thinking and pictures it says nothing."""
    routes = _list(item, "providers")
    return any(isinstance(route, dict) and route.get("supports_tools") is True for route in routes)


def _prices(item: dict[str, Any]) -> tuple[float | None, float | None]:
    """Return USD per million tokens: OpenRouter's texts are per token, Together's numbers per million."""
    pricing = _object(item, "pricing")
    if "prompt" in pricing or "completion" in pricing:
        return _per_million(pricing.get("prompt")), _per_million(pricing.get("completion"))
    return _price(pricing.get("input")), _price(pricing.get("output"))


def _per_million(text: object) -> float | None:
    """Return a price per token as one per million; OpenRouter's -1 means that it varies."""
    try:
        price = float(text) if isinstance(text, str | int | float) else -1.0
    except ValueError:
        return None
    return round(price * 1_000_000, 9) if price >= 0 else None


def _price(number: object) -> float | None:
    return float(number) if isinstance(number, int | float) and not isinstance(number, bool) and number >= 0 else None
