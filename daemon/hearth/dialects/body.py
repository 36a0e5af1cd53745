"""A JSON request body, cut at its top level so that members can be replaced.

Joined again, everything else is byte for byte as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

MAX_DEPTH = 64
_decode_members = msgspec.json.Decoder(Members).decode
_encode = msgspec.json.Encoder().encode
_BOM = b"\xef\xbb\xbf"


def cut(body: bytes) -> Members:
    """Return the members of a JSON object.

    Raises `BadRequest` for anything else: broken, too deep, not UTF-8, not an object (T25, F30).
    """
    if not body.strip():
        return {}
    if too_deep(body):
        raise BadRequest(f"The JSON body is nested deeper than {MAX_DEPTH} levels.")
    try:
        body.decode()
        return _decode_members(body.removeprefix(_BOM))
    except UNREADABLE as error:
        raise BadRequest(
            f"The body is not a JSON object: {error}.", next_step="Send one JSON object in UTF-8."
        ) from None


def too_deep(body: bytes) -> bool:
    """Say whether brackets nest deeper than MAX_DEPTH, strings left out. A few milliseconds a megabyte (T25)."""
    if _some(body, b"{") + _some(body, b"[") <= MAX_DEPTH:
        return False
    brackets = _outside_strings(body).translate(_ROUND, _NO_BRACKETS)
    for depth in range(MAX_DEPTH + 1):
        if _TOO_MANY in brackets:
            return True
        peeled = brackets.replace(b"()", b"")
        if len(peeled) == len(brackets):
            return depth + brackets.count(b"(") > MAX_DEPTH
        brackets = peeled
    return True


_ROUND = bytes.maketrans(b"{[]}", b"(())")
_NO_BRACKETS = bytes(set(range(256)) - set(b"{[]}"))
_TOO_MANY = b"(" * (MAX_DEPTH + 1)


def _some(body: bytes, mark: bytes) -> int:
    """Count a byte, at most to one more than the limit: to find few takes a tenth of the time of counting them."""
    at = -1
    for count in range(MAX_DEPTH + 1):
        at = body.find(mark, at + 1)
        if at < 0:
            return count
    return MAX_DEPTH + 1


def _outside_strings(body: bytes) -> bytes:
    """Return what stands between string literals."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    return b"".join(body.split(b'"')[::2])


_LARGE = 100_000
"""Bytes from which on the encoder's buffer, which grows as it goes, costs more than it saves."""


def join(members: Mapping[str, Raw]) -> bytes:
    """Return the members as one JSON object, each member's bytes untouched."""
    if sum(map(len, members.values())) < _LARGE:
        return _encode(members)
    pieces: list[bytes | Raw] = [b"{"]
    for name, given in members.items():
        pieces += (_encode(name), b":", given, b",")
    pieces[-1] = b"}"
    return b"".join(pieces)


def raw(value: object) -> Raw:
    """Encode a value as JSON, to be put among members."""
    return Raw(_encode(value))


def value(members: Members, name: str, kind: Any = Any) -> Any:  # noqa: ANN401 -- the kind says what comes back
    """Return a member decoded as `kind`, None where it is absent or null.

    Raises `BadRequest` naming the member when it is of another type.
    """
    found = members.get(name)
    if found is None or found == _NULL:
        return None
    try:
        return msgspec.json.decode(found, type=kind)
    except UNREADABLE as error:
        raise BadRequest(f"{name}: {error}.", param=name) from None


_NULL = Raw(b"null")
