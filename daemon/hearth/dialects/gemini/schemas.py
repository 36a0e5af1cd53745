"""Schemas in OpenAPI's subset, as `parameters` and `responseSchema` hold them, turned into JSON Schema.

Types are written in capitals there, `nullable` stands for a second type, and numbers of items come as text
(ai.google.dev, "Schema").
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.body import raw
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

_COUNTS = frozenset(("maxItems", "minItems", "maxLength", "minLength", "maxProperties", "minProperties"))
_DROPPED = frozenset(("propertyOrdering", "nullable", "example"))
_MANY = frozenset(("properties", "defs", "$defs"))


def json_schema(openapi: Raw) -> Raw:
    """Return the schema as JSON Schema. Raises `BadRequest` for one that is no object."""
    try:
        found: dict[str, Any] = msgspec.json.decode(openapi, type=dict[str, Any])
    except UNREADABLE as error:
        raise BadRequest(f"The schema cannot be read: {error}.") from None
    return raw(_converted(found))


def _converted(schema: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, given in schema.items():
        if name in _DROPPED:
            continue
        if name in _MANY and isinstance(given, dict):
            out["$defs" if name == "defs" else name] = {key: _inner(value) for key, value in given.items()}
        elif name in ("items", "additionalProperties"):
            out[name] = _inner(given)
        elif name in ("anyOf", "prefixItems", "oneOf") and isinstance(given, list):
            out[name] = [_inner(value) for value in given]
        else:
            out["$ref" if name == "ref" else name] = _plain(name, given)
    return _nullable(out) if schema.get("nullable") is True else out


def _inner(value: Any) -> Any:  # noqa: ANN401 -- a schema, or true and false
    return _converted(value) if isinstance(value, dict) else value


def _plain(name: str, given: Any) -> Any:  # noqa: ANN401 -- whatever a keyword holds
    if name == "type" and isinstance(given, str):
        return given.lower()
    if name == "type" and isinstance(given, list):
        return [kind.lower() if isinstance(kind, str) else kind for kind in given]
    if name in _COUNTS and isinstance(given, str) and given.isdecimal():
        return int(given)
    return given


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if isinstance(kind, str) and kind != "null":
        allowed = {**schema, "type": [kind, "null"]}
        if isinstance(schema.get("enum"), list):
            allowed["enum"] = [*schema["enum"], None]
        return allowed
    return {"anyOf": [schema, {"type": "null"}]}
