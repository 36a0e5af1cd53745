"""Turns as clients of this dialect send them, read into messages: roles, functions' answers, instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from hearth.chat import Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.gemini.parts import ContentWire, read_part
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

_ROLES: dict[str | None, Role] = {
    None: "user",
    "": "user",
    "user": "user",
    "model": "assistant",
    "function": "tool",
    "system": "system",
}
_decode = msgspec.json.Decoder(list[ContentWire] | ContentWire).decode
_decode_one = msgspec.json.Decoder(ContentWire | str).decode


def decode_contents(raw: Raw | None) -> list[ContentWire]:
    """Return the turns as they stand on the wire. Raises `BadRequest`."""
    if raw is None:
        raise BadRequest("contents is not specified.", param="contents")
    try:
        found = _decode(raw)
    except UNREADABLE as error:
        raise BadRequest(f"contents: {error}.", param="contents") from None
    turns = found if isinstance(found, list) else [found]
    if not turns:
        raise BadRequest("contents is not specified.", param="contents")
    return turns


def read_contents(contents: Raw | None, system: Raw | None) -> tuple[Message, ...]:
    """Return instructions and turns. Raises `BadRequest` naming the place, `Unsupported` for a part of Gemini's own."""
    reading = _Reading()
    messages = list(_instructions(system))
    for number, wire in enumerate(decode_contents(contents)):
        messages += reading.turn(wire, f"contents[{number}]")
    return tuple(messages)


def _instructions(system: Raw | None) -> Iterator[Message]:
    if system is None:
        return
    try:
        wire = _decode_one(system)
    except UNREADABLE as error:
        raise BadRequest(f"systemInstruction: {error}.", param="systemInstruction") from None
    parts: list[Part] = [Text(wire)] if isinstance(wire, str) else _parts(wire, "systemInstruction")
    if parts:
        yield Message("system", tuple(parts))


def _parts(wire: ContentWire, where: str) -> list[Part]:
    found: list[Part] = []
    for number, part in enumerate(wire.all_parts()):
        for read in read_part(part, f"{where}.parts[{number}]"):
            _append(found, read)
    return found


def _append(parts: list[Part], part: Part) -> None:
    """Add a part; a seal alone belongs to the thinking before it."""
    last = parts[-1] if parts else None
    if isinstance(part, Thinking) and not part.text and isinstance(last, Thinking) and not last.opaque:
        parts[-1] = msgspec.structs.replace(part, text=last.text)
    else:
        parts.append(part)


class _Reading:
    """Walks the turns and gives calls without an id one, so that each answer finds its call by name."""

    def __init__(self) -> None:
        self._open: list[ToolCall] = []
        self._count = 0

    def turn(self, wire: ContentWire, where: str) -> Iterator[Message]:
        role = _ROLES.get(wire.role)
        if role is None:
            raise BadRequest(f"{where}: Please use a valid role: user, model.", param=f"{where}.role")
        if not wire.all_parts():
            raise BadRequest(f"{where}.parts must not be empty.", param=f"{where}.parts")
        parts = _parts(wire, where)
        if role == "assistant":
            yield Message(role, tuple(self._named(part) if isinstance(part, ToolCall) else part for part in parts))
            return
        results = [self._matched(part) for part in parts if isinstance(part, ToolResult)]
        if results:
            yield Message("tool", tuple(results))
        rest = tuple(part for part in parts if not isinstance(part, ToolResult))
        if rest or not results:
            yield Message("user" if role == "tool" else role, rest)

    def _named(self, call: ToolCall) -> ToolCall:
        if not call.id:
            call = msgspec.structs.replace(call, id=f"call_{self._count}")
        self._count += 1
        self._open.append(call)
        return call

    def _matched(self, result: ToolResult) -> ToolResult:
        call = _answered(self._open, result)
        if call is None:
            return result
        self._open.remove(call)
        return msgspec.structs.replace(result, call_id=call.id, name=result.name or call.name)


def _answered(calls: Sequence[ToolCall], result: ToolResult) -> ToolCall | None:
    """Return the open call that is answered: by id, else the first of that name, as Google finds it."""
    by_id = (call for call in calls if call.id == result.call_id)
    by_name = (call for call in calls if call.name == result.name)
    return next(by_id, None) or next(by_name, None)
