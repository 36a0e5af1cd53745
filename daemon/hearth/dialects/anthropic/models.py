"""Lists of models: as clients of this dialect ask for them, and as providers send them (§4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from hearth.dialects.anthropic.capabilities import capabilities_shown, capabilities_told
from hearth.dialects.dialect import ModelInfo
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BrokenReply

_EPOCH = "1970-01-01T00:00:00Z"
"""What stands for a date nobody knows, as the API itself writes it."""


def write_models(models: Sequence[ModelInfo]) -> bytes:
    """Return the body of `GET /v1/models`, all of it on one page."""
    rows = [_entry(model) for model in models]
    return msgspec.json.encode(
        {
            "data": rows,
            "has_more": False,
            "first_id": rows[0]["id"] if rows else None,
            "last_id": rows[-1]["id"] if rows else None,
        }
    )


def write_model(model: ModelInfo) -> bytes:
    """Return the body of `GET /v1/models/ID`."""
    return msgspec.json.encode(_entry(model))


def _entry(model: ModelInfo) -> dict[str, Any]:
    return {
        "type": "model",
        "id": model.name,
        "display_name": model.name,
        "created_at": _date(model.modified),
        "max_input_tokens": model.loaded_window or model.window,
        "max_tokens": model.output_limit,
        "lifecycle": "active",
        "capabilities": None if model.capabilities is None else capabilities_shown(model.name, model.capabilities),
        "deprecated_at": None,
        "retires_at": None,
    }


def _date(modified: str) -> str:
    """Return a date that all clients can read: Ollama's have nine digits behind the second."""
    try:
        when = datetime.fromisoformat(modified)
    except ValueError:
        return _EPOCH
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_models(body: bytes) -> tuple[ModelInfo, ...]:
    """Return the models of a list; those retired are left out. Raises `BrokenReply`."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        raise BrokenReply("The list of models is not JSON.", code="upstream_not_api") from None
    rows = found.get("data") or found.get("models") or [] if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise BrokenReply("The list of models has an unknown shape.")
    return tuple(_model(row) for row in rows if isinstance(row, dict) and _usable(row))


def last_of(body: bytes) -> str:
    """Return the id after which the next page begins; "" on the last page."""
    try:
        page = msgspec.json.decode(body, type=_Page)
    except UNREADABLE:
        return ""
    return page.last_id or "" if page.has_more else ""


class _Page(msgspec.Struct):
    has_more: bool = False
    last_id: str | None = None


def _usable(row: dict[str, Any]) -> bool:
    return isinstance(row.get("id"), str) and bool(row["id"]) and row.get("lifecycle") != "retired"


def _model(row: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        row["id"],
        window=_number(row, "max_input_tokens"),
        output_limit=_number(row, "max_tokens"),
        capabilities=capabilities_told(row.get("capabilities")),
        modified=row["created_at"] if isinstance(row.get("created_at"), str) else "",
    )


def _number(row: dict[str, Any], name: str) -> int | None:
    found = row.get(name)
    return found if type(found) is int and found > 0 else None
