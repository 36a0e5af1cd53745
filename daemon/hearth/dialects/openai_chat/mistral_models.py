"""Lists of models as Mistral's own clients want them: each entry says its kind and what it can do.

They ask at `/v1/models` like everyone, and refuse an entry without `type` and `capabilities` (mistralai 3.7,
`BaseModelCard`); they are known by their User-Agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hearth.dialects.dialect import ModelInfo
from hearth.dialects.openai_chat.served import OpenAIServed
from hearth.dialects.openai_models import MISTRAL, entry

SERVED = OpenAIServed()


def write_models(models: Sequence[ModelInfo]) -> bytes:
    """Return the body of `GET /v1/models`."""
    return msgspec.json.encode({"object": "list", "data": [_card(model) for model in models]})


def write_model(model: ModelInfo) -> bytes:
    """Return the body of `GET /v1/models/ID`."""
    return msgspec.json.encode(_card(model))


def _card(model: ModelInfo) -> dict[str, Any]:
    """Return an entry; a model of which nobody says what it can do can at least chat."""
    known = ("completion",) if model.capabilities is None else model.capabilities
    can = {name: word in known for name, word in MISTRAL.items()}
    card = entry(model) | {"type": "base", "name": model.name, "capabilities": can, "aliases": []}
    window = model.loaded_window or model.window
    return card if window is None else card | {"max_context_length": window}
