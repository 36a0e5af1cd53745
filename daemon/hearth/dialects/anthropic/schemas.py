"""JSON schemas as Anthropic takes them for the shape of an answer: what it does not know goes into descriptions (§4.2).

Objects must be closed; bounds and patterns are refused there, so they are told to the model in words instead.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.body import raw
from hearth.problems import BadRequest

_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"))
_BOUNDS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)
_TABLES = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_SINGLE = ("items", "not", "additionalItems")


def plain_schema(schema: Raw) -> Raw:
    """Return the schema in the part of JSON Schema that is known there. Raises `BadRequest` where it is no object."""
    found = msgspec.json.decode(schema)
    if not isinstance(found, dict):
        raise BadRequest("The JSON schema must be an object.")
    return raw(_plain(found))


def _plain(node: Any) -> Any:  # noqa: ANN401 -- JSON of any kind
    if not isinstance(node, dict):
        return node
    out = {name: _inner(name, given) for name, given in node.items() if name not in _BOUNDS}
    if "oneOf" in out:
        out["anyOf"] = [*out.pop("oneOf"), *out.get("anyOf", [])]
    told = [f"{name}: {_shown(node[name])}" for name in _BOUNDS if name in node]
    if out.get("format") is not None and out["format"] not in _FORMATS:
        told.append(f"format: {out.pop('format')}")
    if out.get("type") == "object" or "properties" in out:
        out["additionalProperties"] = False
    if told:
        out["description"] = " ".join(filter(None, (out.get("description"), f"({', '.join(told)})")))
    return out


def _inner(name: str, given: Any) -> Any:  # noqa: ANN401 -- JSON of any kind
    """Return the value of a keyword, the schemas in it made plain too."""
    if name in _TABLES and isinstance(given, dict):
        return {key: _plain(inner) for key, inner in given.items()}
    if name in _LISTS and isinstance(given, list):
        return [_plain(inner) for inner in given]
    return _plain(given) if name in _SINGLE else given


def _shown(value: object) -> str:
    return msgspec.json.encode(value).decode()
