"""Names of members as Google's servers take them: `inlineData` and `inline_data` are one name.

Protobuf's JSON form knows each field by two names (protobuf.dev, "JSON Options"), and Google's own examples use both.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.body import raw, value
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

_UNDERSCORED = re.compile(rb'"[a-z]+(?:_[a-z]+)+"\s*:')
_LETTER = re.compile(r"_([a-z])")
_OPAQUE = frozenset(
    (
        *("args", "response", "parametersJsonSchema", "responseJsonSchema", "labels", "partMetadata"),
        *("default", "example", "enum"),
    )
)
"""Members whose inside is the caller's own: nothing in them is renamed."""
_SCHEMAS = frozenset(("properties", "defs", "$defs"))
"""Members of a schema whose inside has names of the caller's choice."""
_ALIASES = {"_responseJsonSchema": "responseJsonSchema"}


def canonical(members: Members) -> Members:
    """Return the members under their camelCase names, those that are null left out. Raises `BadRequest`."""
    return {camel(name): _canonical(given) for name, given in members.items() if given != _NULL}


_NULL = Raw(b"null")


def to_count(members: Members) -> Members:
    """Return the request that is to be counted: the members themselves, or those of the whole request among them."""
    inside: Members | None = value(members, "generateContentRequest", Members)
    return members if inside is None else canonical(inside) | {"model": members.get("model", _NULL)}


def _canonical(given: Raw) -> Raw:
    """Return a value with its members renamed; its very bytes where no name in it could want that."""
    if _UNDERSCORED.search(bytes(given)) is None:
        return given
    try:
        return raw(_renamed(msgspec.json.decode(given)))
    except UNREADABLE as error:
        raise BadRequest(f"Invalid JSON payload received: {error}.") from None


def _renamed(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    if not isinstance(value, dict):
        return value
    out: dict[str, Any] = {}
    for name, inner in value.items():
        known = camel(name)
        if known in _OPAQUE:
            out[known] = inner
        elif known in _SCHEMAS and isinstance(inner, dict):
            out[known] = {chosen: _renamed(schema) for chosen, schema in inner.items()}
        else:
            out[known] = _renamed(inner)
    return out


def camel(name: str) -> str:
    """Return a field's camelCase name; names that are none of a protobuf field stay as they are."""
    name = _ALIASES.get(name, name)
    return _LETTER.sub(lambda match: match.group(1).upper(), name) if "_" in name and name[0] != "_" else name


def plain_base64(data: str) -> str:
    """Return standard base64 of either alphabet: Google takes both, and its SDKs send the one made for URLs."""
    return data.translate(_STANDARD) if "-" in data or "_" in data else data


_STANDARD = str.maketrans("-_", "+/")
