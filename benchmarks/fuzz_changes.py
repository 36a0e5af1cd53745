"""Changed input: bytes at random, or, where the input is JSON, one value in it replaced, taken out or doubled."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from typing import Any, TypeAlias

Place: TypeAlias = tuple[Any, Any]
"""A list or an object, and the index or key of one thing in it."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 2**63, 2**64, -(2**63) - 1, "", " ", "\x00", "\ud800", "\u2028",
    "data:image/png;base64,AAAA", "data:,", "http://localhost:abc", "call_1", "5m", "-1s", "auto", "text", "image_url",
    "tool_use", "tool_result", "function", "user", "assistant", "system", "tool", "object", "string", "json_schema",
    [], {}, [[]], [{}], [None], {"": None}, {"type": "text"}, {"type": "function"}, {"$ref": "#"}, "a" * 300,
)  # fmt: skip
_MOST_BYTES = 4


def changed(data: bytes, dice: random.Random, most: int) -> bytes:
    """Return the input changed a little, `most` bytes at the longest; its first byte is the variant."""
    if dice.random() < 0.6:
        found = _changed_json(data[1:], dice)
        if found is not None:
            return (data[:1] + found)[:most]
    return _changed_bytes(data, dice)[:most]


def _changed_json(text: bytes, dice: random.Random) -> bytes | None:
    """Change values of a JSON document, or of one line among many; None where there is none."""
    lines = text.split(b"\n")
    at = dice.randrange(len(lines))
    begin = min((place for mark in b"{[" if (place := lines[at].find(mark)) >= 0), default=-1)
    if begin < 0:
        return None
    try:
        tree = json.loads(lines[at][begin:])
        for _ in range(dice.randint(1, 3)):
            _change(tree, dice)
        written = json.dumps(tree, ensure_ascii=dice.random() < 0.5)
    except (ValueError, RecursionError):
        return None
    lines[at] = lines[at][:begin] + written.encode("utf-8", "surrogatepass")
    if dice.random() < 0.1:
        lines.insert(dice.randrange(len(lines) + 1), lines[at])
    return b"\n".join(lines)


def _change(tree: Any, dice: random.Random) -> None:  # noqa: ANN401 -- any JSON
    places = _places(tree)
    if not places:
        return
    holder, key = dice.choice(places)
    match dice.randrange(5):
        case 0:
            del holder[key]
        case 1:
            other, name = dice.choice(places)
            holder[key] = deepcopy(other[name])
        case 2 if isinstance(holder, list):
            holder.insert(key, deepcopy(holder[key]))
        case 3 if isinstance(holder, dict):
            holder[dice.choice([str(name) for _, name in places])] = holder.pop(key)
        case _:
            holder[key] = deepcopy(dice.choice(ODD))


def _places(tree: Any) -> list[Place]:  # noqa: ANN401 -- any JSON
    found: list[Place] = []
    rest = [tree]
    while rest:
        holder = rest.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else []
        found += [(holder, key) for key in keys]
        rest += [holder[key] for key in keys]
    return found


def _changed_bytes(data: bytes, dice: random.Random) -> bytes:
    found = bytearray(data or b"\x00")
    for _ in range(dice.randint(1, _MOST_BYTES)):
        at, end = sorted((dice.randrange(len(found) + 1), dice.randrange(len(found) + 1)))
        match dice.randrange(4):
            case 0:
                found[at:end] = b""
            case 1:
                found[at:at] = found[at:end]
            case 2:
                found[at:at] = dice.randbytes(dice.randint(1, 4))
            case _:
                found[at : at + 1] = bytes((dice.choice(b'\x00\r\n\t "{}[]:,-0.9e\\u\xff\xc3\xed'),))
        found = found or bytearray(b"\x00")
    return bytes(found)
