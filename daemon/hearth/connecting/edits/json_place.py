"""One value at one place of a file of JSON with comments: put there, and taken out again, all else left as it is."""

from __future__ import annotations

import json

from msgspec import Struct

from hearth.connecting.app import CannotEdit
from hearth.connecting.edits.jsonc import Slot, begin, meaning, slots, value_of


class Named(Struct, frozen=True):
    """The item of a list that has this member."""

    key: str
    value: str


Part = str | Named


class JsonPlace(Struct, frozen=True):
    """A value (what JSON can say) at a path of member names, or of items known by a member of theirs.

    A `choice` is one of several that the app has: another one, made since, is not taken back.
    """

    path: tuple[Part, ...]
    value: object
    choice: bool = False

    def put(self, text: str) -> str:
        """Return the text with the value there, checked by reading it again."""
        if not text.strip():
            return _written(_wrapped(self.path, self.value), "") + "\n"
        value_of(text)
        found, depth = _walk(text, self.path)
        if depth == len(self.path):
            last = found[-1]
            done = text[: last.value] + _written(self.value, _indent(text, last.start)) + text[last.end :]
        else:
            done = _inserted(text, found, self.path[depth:], self.value)
        slot = _find(done, self.path)
        if slot is None or meaning(done, slot) != self.value:
            raise CannotEdit("its shape is not what the app expects")
        value_of(done)
        return done

    def take_out(self, text: str, before: str) -> str:
        """Return the text without the value, or with the one that `before` had; emptied parents of ours go too."""
        old = _find(before, self.path) if before.strip() else None
        slot = _find(text, self.path)
        if slot is None or (self.choice and meaning(text, slot) != self.value):
            return text
        if old is not None:
            return text[: slot.value] + before[old.value : old.end] + text[slot.end :]
        path = self.path
        text = _removed(text, path)
        while len(path) > 1 and _is_empty(text, path[:-1]) and not (before.strip() and _find(before, path[:-1])):
            path = path[:-1]
            text = _removed(text, path)
        return text if before.strip() or slots(text, begin(text)) else ""


def _find(text: str, path: tuple[Part, ...]) -> Slot | None:
    found, depth = _walk(text, path)
    return found[-1] if depth == len(path) else None


def _walk(text: str, path: tuple[Part, ...]) -> tuple[list[Slot], int]:
    """Return the slots along the path as far as it goes, and how far that is."""
    found: list[Slot] = []
    at = begin(text)
    for part in path:
        fits = [one for one in _members(text, at) if _is(text, one, part)]
        if not fits:
            break
        slot = fits[-1]  # of a name that stands there twice, the last is what apps read
        found.append(slot)
        at = slot.value
    return found, len(found)


def _members(text: str, at: int) -> tuple[Slot, ...]:
    return slots(text, at) if text[at : at + 1] in ("{", "[") else ()


def _is(text: str, slot: Slot, part: Part) -> bool:
    if isinstance(part, str):
        return slot.key == part
    item = meaning(text, slot)
    return isinstance(item, dict) and item.get(part.key) == part.value


def _inserted(text: str, found: list[Slot], rest: tuple[Part, ...], value: object) -> str:
    """Return the text with a new first member in the deepest object or list that is there."""
    at = found[-1].value if found else begin(text)
    wanted = "[" if isinstance(rest[0], Named) else "{"
    if text[at : at + 1] != wanted:
        raise CannotEdit(f"line {text.count(chr(10), 0, at) + 1} holds something else than the app expects")
    there = slots(text, at)
    outer = _indent(text, found[-1].start if found else at)
    indent = _indent(text, there[0].start) if there and "\n" in text[at : there[0].start] else outer + "  "
    written = _written(_wrapped(rest[1:], value), indent)
    member = written if isinstance(rest[0], Named) else f"{json.dumps(rest[0])}: {written}"
    tail = "," if there else f"\n{outer}"
    return f"{text[: at + 1]}\n{indent}{member}{tail}{text[at + 1 :]}"


def _removed(text: str, path: tuple[Part, ...]) -> str:
    """Return the text without a member, its line break and its comma."""
    parents, _ = _walk(text, path[:-1])
    at = parents[-1].value if parents else begin(text)
    there = slots(text, at)
    slot = next(one for one in there if _is(text, one, path[-1]))
    place = there.index(slot)
    start = len(text[: slot.start].rstrip(" \t"))
    start -= 1 if text[start - 1 : start] == "\n" else 0
    end = slot.end if slot.comma is None else slot.comma + 1
    if len(there) == 1 and not text[end:].lstrip().startswith("/"):
        end += len(text[end:]) - len(text[end:].lstrip())
    without = text[:start] + text[end:]
    comma = there[place - 1].comma if place and slot.comma is None else None
    return without if comma is None else without[:comma] + without[comma + 1 :]


def _is_empty(text: str, path: tuple[Part, ...]) -> bool:
    slot = _find(text, path)
    return slot is not None and text[slot.value : slot.end].strip("{}[] \t\r\n") == ""


def _wrapped(path: tuple[Part, ...], value: object) -> object:
    for part in reversed(path):
        value = [value] if isinstance(part, Named) else {part: value}
    return value


def _written(value: object, indent: str) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", f"\n{indent}")


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]
