"""The shape of the answer, the effort of thinking and the sampler's knobs, read from a request's members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.chat import Format, Knobs, Members, Reasoning
from hearth.dialects.body import value
from hearth.problems import BadRequest, Unsupported

_EFFORTS: dict[str, Any] = {word: word for word in ("minimal", "low", "medium", "high", "xhigh", "max")}
_NO = frozenset((b"null", b"false", b"[]", b"{}", b'""', b'"disabled"'))
_NATIVE = ("previous_response_id", "conversation", "prompt", "background", "context_management", "moderation")
"""Members that ask for what only this dialect's own server has: what it keeps, and what it does on its own."""
_INSTEAD = {"previous_response_id": " (with store = true under [responses] in hearth.toml, responses are kept here)"}


class FormatWire(Struct):
    """`text.format`, flat."""

    type: str = "text"
    name: str = "response"
    schema: Raw | UnsetType = UNSET
    strict: bool | None = None
    description: str | None = None


class TextWire(Struct):
    """`text`."""

    format: FormatWire | None = None


class ReasoningWire(Struct):
    """`reasoning`."""

    effort: str | None = None


def native_members(members: Members) -> Iterator[str]:
    """Yield the members of a request that only a server of this dialect can heed, in words."""
    for name in _NATIVE:
        if bytes(members.get(name, b"null")) not in _NO:
            yield name + _INSTEAD.get(name, "")
    if bytes(members.get("truncation", b"null")) == b'"auto"':
        yield 'truncation "auto"'


def read_format(members: Members) -> Format | None:
    """Return the shape asked for by `text.format`; None for text."""
    text: TextWire | None = value(members, "text", TextWire)
    wire = text.format if text is not None else None
    match wire:
        case None | FormatWire(type="text"):
            return None
        case FormatWire(type="json_object"):
            return Format("json")
        case FormatWire(type="json_schema", schema=Raw() as schema):
            return Format("json_schema", schema, wire.name, wire.strict, wire.description or "")
        case FormatWire(type="json_schema"):
            raise BadRequest("text.format.schema is missing.", param="text.format.schema")
    raise Unsupported(f"text.format of type {wire.type!r} is not supported.", param="text.format")


def read_reasoning(members: Members) -> Reasoning:
    """Return how hard to think. Raises `BadRequest` for an effort nobody knows.

    Agents say it at every request, whichever model they were given: one without thoughts answers without, and its reply
    shows that it has no reasoning item and counts no such token.
    """
    wire: ReasoningWire = value(members, "reasoning", ReasoningWire) or ReasoningWire()
    if wire.effort is None:
        return Reasoning()
    if wire.effort == "none":
        return Reasoning(on=False)
    if wire.effort not in _EFFORTS:
        known = ", ".join(("none", *_EFFORTS))
        raise BadRequest(f"reasoning.effort: {wire.effort!r} is none of {known}.", param="reasoning.effort")
    return Reasoning(on=True, effort=_EFFORTS[wire.effort], optional=True)


def read_knobs(members: Members) -> Knobs:
    """Return the knobs that this dialect has."""
    return Knobs(
        temperature=value(members, "temperature", float),
        top_p=value(members, "top_p", float),
        max_tokens=value(members, "max_output_tokens", int),
    )


def wants_seals(members: Members) -> bool:
    """Say whether thinking is asked for together with its sealed form, as agents do that send it back."""
    if "include" not in members or "reasoning" not in members:
        return False
    return "reasoning.encrypted_content" in (value(members, "include", list[str]) or ())


def wants_logprobs(members: Members) -> bool:
    """Say whether token probabilities are asked for, by `include` or by `top_logprobs`."""
    if "top_logprobs" not in members and "include" not in members:
        return False
    return "message.output_text.logprobs" in (value(members, "include", list[str]) or ()) or bool(
        value(members, "top_logprobs", int)
    )
