"""A caller's own Responses request, before it goes on: without thoughts that its provider never had."""

from __future__ import annotations

import re

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Members
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_responses.seals import MARK
from hearth.dialects.unreadable import UNREADABLE

_OURS = re.compile(r"rs_[0-9a-f]{26}\d\d")
"""How the ids look that Hearth gives to thoughts of providers of other dialects."""


class _Item(Struct):
    type: str = ""
    id: str | None = None
    encrypted_content: str | None = None


_decode_items = msgspec.json.Decoder(list[Raw]).decode
_decode_item = msgspec.json.Decoder(_Item).decode


def without_foreign_thoughts(members: Members, to: Destination) -> Members:
    """Return the members without reasoning items that another provider made; the very same where there are none.

    They are there where an earlier turn was answered by somebody else: a seal that cannot be verified, of this dialect
    or another, or an id of ours with nothing sealed, which cannot be found.
    """
    given = members.get("input")
    if given is None or b'"reasoning"' not in bytes(given):
        return members
    try:
        items = _decode_items(given)
        kept = [item for item in items if not _foreign(item, to)]
    except UNREADABLE:
        return members
    return members if len(kept) == len(items) else {**members, "input": raw(kept)}


def _foreign(item: Raw, to: Destination) -> bool:
    if b'"reasoning"' not in bytes(item):
        return False
    read = _decode_item(item)
    if read.type != "reasoning":
        return False
    sealed = read.encrypted_content or ""
    if sealed.startswith(MARK) or sealed in to.foreign:
        return True
    return not sealed and _OURS.fullmatch(read.id or "") is not None
