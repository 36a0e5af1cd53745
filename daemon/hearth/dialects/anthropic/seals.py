"""Sealed thinking in the one place Messages has for it, a block's `signature`, whoever sealed it.

Anthropic's own seals stand there as they came. Those of other makers are wrapped, so that a client hands them back with
the conversation; thinking that nobody sealed has an empty signature, as llama-server writes it (recording
`llama-thinking`).
"""

from __future__ import annotations

import base64
import binascii

NAME = "anthropic"
REDACTED = "redacted:"
"""How the seal of a `redacted_thinking` block begins here: the block has no text, and its `data` follow."""
_WRAPPED = "hearth."


def signature(opaque: str, producer: str) -> str:
    """Return a block's signature for a seal of that maker; "" for no seal."""
    if producer == NAME or not opaque:
        return opaque
    return f"{_WRAPPED}{producer}.{base64.urlsafe_b64encode(opaque.encode()).decode()}"


def seal(signature: str) -> tuple[str, str]:
    """Return the seal in a signature and its maker; two empty texts where nobody sealed."""
    if not signature:
        return "", ""
    if not signature.startswith(_WRAPPED):
        return signature, NAME
    producer, _, wrapped = signature.removeprefix(_WRAPPED).partition(".")
    try:
        return base64.urlsafe_b64decode(wrapped).decode(), producer
    except (binascii.Error, ValueError):
        return "", ""


def secret_of(opaque: str) -> str:
    """Return what of a seal of this dialect comes back letter by letter, in a `signature` or in `data`."""
    return opaque.removeprefix(REDACTED)
