"""Sealed state between turns: Gemini's own thought signatures, and other makers' seals carried in their place.

A `thoughtSignature` is base64 that a client hands back unread, so it can hold what another provider sealed. A Gemini
must never see that: it gets the word that skips its check instead (wire/providers §4.3).
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.body import raw
from hearth.dialects.gemini.fields import plain_base64
from hearth.problems import BadRequest

NAME = "gemini"
SKIP = "skip_thought_signature_validator"
"""What Google documents for a call that no Gemini made."""
_MARK = b"hearth.1:"  # nine bytes, so that its base64 is always the same twelve letters
_MARK_64 = base64.b64encode(_MARK).decode()


def seal(opaque: str, producer: str) -> str:
    """Return the signature that carries a seal: a Gemini's own as it is, another maker's in an envelope of ours."""
    if producer == NAME or not opaque:
        return opaque
    return base64.b64encode(_MARK + producer.encode() + b":" + opaque.encode()).decode()


def unseal(signature: str | None) -> tuple[str, str]:
    """Return (opaque, producer) of a signature that came back; ("", "") where it seals nothing."""
    if not signature or signature == SKIP:
        return "", ""
    if not plain_base64(signature).startswith(_MARK_64):
        return signature, NAME
    try:
        inside = base64.b64decode(plain_base64(signature), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    producer, _, opaque = inside.removeprefix(_MARK.decode()).partition(":")
    return (opaque, producer) if producer and opaque else ("", "")


def without_foreign(contents: Raw) -> Raw:
    """Return contents without envelopes of ours; the same bytes where there are none. Raises `BadRequest`."""
    if _MARK_64.encode() not in bytes(contents):
        return contents
    try:
        return raw(_cleared(msgspec.json.decode(contents)))
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadRequest(f"contents: {error}.", param="contents") from None


def _cleared(value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, list):
        return [_cleared(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _clear(name, inner) for name, inner in value.items()}


def _clear(name: str, value: Any) -> Any:  # noqa: ANN401 -- any JSON value
    if name in ("thoughtSignature", "thought_signature") and isinstance(value, str):
        return SKIP if plain_base64(value).startswith(_MARK_64) else value
    return _cleared(value)
