"""Sealed thinking: what its maker alone can read, carried in a reasoning item's `encrypted_content`.

A seal of this dialect is the reasoning item itself, as JSON: its maker wants id, summary and encrypted content back. A
seal of another maker travels to the client and back in an envelope of ours, `hearth:PRODUCER:SEAL`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.unreadable import UNREADABLE

NAME = "openai_responses"
MARK = "hearth:"
"""How the seal of another maker begins."""
_KEPT = ("type", "id", "summary", "content", "encrypted_content")


def seal_item(item: dict[str, Any]) -> str:
    """Return the seal of a reasoning item as its maker wants it back; "" where nothing is sealed in it.

    Some servers put the plain thinking into `encrypted_content` (recording ollama-reasoning), others leave it empty.
    """
    encrypted = item.get("encrypted_content")
    if not isinstance(encrypted, str) or not encrypted or encrypted == _said(item):
        return ""
    return msgspec.json.encode({name: item[name] for name in _KEPT if item.get(name) is not None}).decode()


def _said(item: dict[str, Any]) -> str:
    parts = [part for name in ("summary", "content") if isinstance(item.get(name), list) for part in item[name]]
    return "".join(part["text"] for part in parts if isinstance(part, dict) and isinstance(part.get("text"), str))


def open_seal(raw: Raw, encrypted: str, text: str) -> tuple[str, str]:
    """Return the seal in a client's reasoning item, and whose it is; two empty texts where there is none."""
    if encrypted.startswith(MARK):
        producer, _, opaque = encrypted.removeprefix(MARK).partition(":")
        return opaque, producer
    if not encrypted or encrypted == text:
        return "", ""
    return seal_item(msgspec.json.decode(raw)), NAME


def item_of(opaque: str) -> dict[str, Any]:
    """Return the reasoning item that a seal of this dialect is; {} for one that is broken."""
    try:
        found = msgspec.json.decode(opaque)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) and found.get("type") == "reasoning" else {}


def secrets_of(opaque: str) -> tuple[str, ...]:
    """Return the encrypted content of a seal of this dialect; () for one that is broken."""
    encrypted = item_of(opaque).get("encrypted_content")
    return (encrypted,) if isinstance(encrypted, str) else ()


def shown(opaque: str, producer: str) -> tuple[str, str]:
    """Return the encrypted content a client is to be shown of a seal, and the id of its item ("" for any)."""
    if producer != NAME:
        return f"{MARK}{producer}:{opaque}", ""
    item = item_of(opaque)
    id, encrypted = item.get("id"), item.get("encrypted_content")
    return encrypted if isinstance(encrypted, str) else "", id if isinstance(id, str) else ""
