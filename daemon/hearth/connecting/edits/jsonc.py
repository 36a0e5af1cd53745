"""Where things stand in JSON with comments and trailing commas, as editors write it; nothing is ever reformatted."""

from __future__ import annotations

import json
import re

from msgspec import Struct

from hearth.connecting.app import CannotEdit

_BLANK = re.compile(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_WORD = re.compile(r"[^\s,\]}:/]+")
_DEEPEST = 100
_DECODER = json.JSONDecoder()


class Slot(Struct, frozen=True):
    """One member or item: its key ("" for an item), where it and its value begin and end, and its comma, if any."""

    key: str
    start: int
    value: int
    end: int
    comma: int | None


def begin(text: str) -> int:
    """Return where the outermost value begins."""
    return _skip(text, 0)


def slots(text: str, at: int) -> tuple[Slot, ...]:
    """Return the members of the object, or the items of the list, that begins at `at`. Raises `CannotEdit`."""
    return _slots(text, at, 0)[0]


def value_of(text: str) -> object:
    """Return what the text means. Raises `CannotEdit` for what is no JSON with comments."""
    at = begin(text)
    end = _end_of(text, at, 0)
    if _skip(text, end) != len(text):
        raise _broken(text, end)
    return _meaning(text, at, end)


def meaning(text: str, slot: Slot) -> object:
    """Return what one member's value means."""
    return _meaning(text, slot.value, slot.end)


def _meaning(text: str, at: int, end: int) -> object:
    if text[at] == "{":
        return {slot.key: meaning(text, slot) for slot in slots(text, at)}
    if text[at] == "[":
        return [meaning(text, slot) for slot in slots(text, at)]
    try:
        found: object = json.loads(text[at:end])
    except ValueError:
        raise _broken(text, at) from None
    return found


def _slots(text: str, at: int, depth: int) -> tuple[tuple[Slot, ...], int]:
    """Return the slots, and where the object or list ends."""
    closer = {"{": "}", "[": "]"}.get(text[at : at + 1])
    if closer is None or depth > _DEEPEST:
        raise _broken(text, at)
    found: list[Slot] = []
    here = _skip(text, at + 1)
    while text[here : here + 1] != closer:
        if found and found[-1].comma is None:
            raise _broken(text, here)
        slot = _slot(text, here, depth, keyed=closer == "}")
        found.append(slot)
        here = _skip(text, slot.end if slot.comma is None else slot.comma + 1)
    return tuple(found), here + 1


def _slot(text: str, start: int, depth: int, *, keyed: bool) -> Slot:
    key, value = "", start
    if keyed:
        key, after = _string(text, start)
        colon = _skip(text, after)
        if text[colon : colon + 1] != ":":
            raise _broken(text, colon)
        value = _skip(text, colon + 1)
    end = _end_of(text, value, depth)
    comma = _skip(text, end)
    return Slot(key, start, value, end, comma if text[comma : comma + 1] == "," else None)


def _end_of(text: str, at: int, depth: int) -> int:
    first = text[at : at + 1]
    if first in ("{", "["):
        return _slots(text, at, depth + 1)[1]
    if first == '"':
        return _string(text, at)[1]
    word = _WORD.match(text, at)
    if word is None:
        raise _broken(text, at)
    return word.end()


def _string(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        raise _broken(text, at)
    try:
        found, end = _DECODER.raw_decode(text, at)
    except ValueError:
        raise _broken(text, at) from None
    return str(found), end


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _broken(text: str, at: int) -> CannotEdit:
    return CannotEdit(f"line {text.count(chr(10), 0, at) + 1} cannot be read as JSON")
