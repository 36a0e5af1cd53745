"""Sealed state between turns: Gemini's own thought signatures, and other makers' seals carried in their place.

A `thoughtSignature` is base64 that a client hands back unread, so it can hold what another provider sealed. A Gemini
must never see that: it gets the word that skips its check instead (wire/providers §4.3).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Container
from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini.fields import plain_base64
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

NAME = "gemini"
SKIP = "skip_thought_signature_validator"
"""What Google documents for a call that no Gemini made."""
_SIGNATURES = ("thoughtSignature", "thought_signature")
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


def without_foreign(contents: Raw, to: Destination) -> Raw:
    """Return contents without what others than this provider sealed; the same bytes where there is nothing.

    Raises `BadRequest`.
    """
    given = bytes(contents)
    signed = bool(to.foreign) and any(name.encode() in given for name in _SIGNATURES)
    if not signed and _MARK_64.encode() not in given:
        return contents
    try:
        found = msgspec.json.decode(contents)
    except UNREADABLE as error:
        raise BadRequest(f"contents: {error}.", param="contents") from None
    cleared = _cleared(found, to.foreign)
    return contents if cleared == found else raw(cleared)


def _cleared(value: Any, foreign: Container[str]) -> Any:  # noqa: ANN401 -- any JSON value
    if isinstance(value, list):
        return [_cleared(item, foreign) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _clear(name, inner, foreign) for name, inner in value.items()}


def _clear(name: str, value: Any, foreign: Container[str]) -> Any:  # noqa: ANN401 -- any JSON value
    if name in _SIGNATURES and isinstance(value, str):
        secret = plain_base64(value)
        return SKIP if secret.startswith(_MARK_64) or secret in foreign else value
    return _cleared(value, foreign)
