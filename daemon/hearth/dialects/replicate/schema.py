"""What a model of Replicate takes: the properties of its input, out of the description of it or of a version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.unreadable import UNREADABLE


class Field(Struct, frozen=True):
    """One input: its JSON type ("" where a reference stands instead) and the words it is limited to."""

    type: str = ""
    words: tuple[str, ...] = ()


Fields = Mapping[str, Field]
UNKNOWN: Fields = {"prompt": Field("string"), "system_prompt": Field("string")}
"""What is taken for granted of a model that nobody describes: other inputs are refused by some models (422)."""


class Description(Struct, frozen=True):
    """What a description says: the inputs, or where to read on, and the version to ask for.

    `further` is the name of the model that a deployment runs; `version` is set where a model must be asked for by it.
    """

    fields: Fields | None = None
    further: str = ""
    version: str = ""


def read_description(body: bytes) -> Description:
    """Return what the description of a model, a version or a deployment says; nothing for one that cannot be read."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return Description()
    release = _object(found, "current_release")
    if isinstance(release.get("model"), str) and isinstance(release.get("version"), str):
        return Description(further=f"{release['model']}:{release['version']}")
    latest = _object(found, "latest_version")
    schema = _object(latest or found, "openapi_schema")
    schemas = _object(_object(schema, "components"), "schemas")
    properties = _object(_object(schemas, "Input"), "properties")
    unofficial = _object(found).get("is_official") is False and isinstance(latest.get("id"), str)
    version = latest["id"] if unofficial else ""
    if not properties:
        return Description(version=version)
    fields = {name: _field(given, schemas) for name, given in properties.items() if isinstance(given, dict)}
    return Description(fields, version=version)


def _field(given: dict[str, Any], schemas: dict[str, Any]) -> Field:
    """Read one property; an enumeration stands behind a reference."""
    references = given.get("allOf")
    if isinstance(references, list) and references and isinstance(references[0], dict):
        reference = references[0].get("$ref")
        given = _object(schemas, reference.rpartition("/")[2]) if isinstance(reference, str) else {}
    words = given.get("enum")
    kind = given.get("type")
    return Field(
        kind if isinstance(kind, str) else "",
        tuple(word for word in words if isinstance(word, str)) if isinstance(words, list) else (),
    )


def _object(found: object, name: str | None = None) -> dict[str, Any]:
    if name is not None:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
