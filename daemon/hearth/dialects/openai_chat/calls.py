"""Tool calls of a reply, numbered anew from 0 without gaps, however a server numbers them (users.md, pain 18)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from hearth.dialects.openai_chat.chunks import Call, Function
from hearth.dialects.openai_chat.parts import arguments_text
from hearth.events import ToolCallDelta


class _Known(Struct):
    """A call seen so far."""

    number: int
    index: int | None
    id: str
    named: bool = False
    held: str = ""
    empty: bool = True


class Calls:
    """All calls of one reply."""

    def __init__(self) -> None:
        self._known: dict[int, list[_Known]] = {}

    def any(self, choice: int) -> bool:
        """Say whether a choice has made a call."""
        return choice in self._known

    def read(self, choice: int, wire: Call, *, whole: bool) -> list[ToolCallDelta]:
        """Return the piece as an event; nothing as long as a call has no name."""
        function = wire.function or Function()
        calls = self._known.setdefault(choice, [])
        call = _find(calls, wire, function)
        if call is None:
            call = _Known(len(calls), wire.index, wire.id or "")
            calls.append(call)
        return self._piece(choice, call, function, whole=whole)

    def read_old(self, choice: int, function: Function, *, whole: bool) -> list[ToolCallDelta]:
        """Return a piece of the one call of the old `function_call` form."""
        return self.read(choice, Call(index=0, function=function), whole=whole)

    def _piece(self, choice: int, call: _Known, function: Function, *, whole: bool) -> list[ToolCallDelta]:
        as_object = isinstance(function.arguments, dict | list)
        piece = _arguments(function.arguments, whole=whole)
        call.empty = call.empty and not piece
        if call.named:
            return [ToolCallDelta(call.number, piece, choice=choice)] if piece else []
        if not function.name:
            call.held += piece
            return []
        call.named = True
        return [
            ToolCallDelta(
                call.number, call.held + piece, call.id, function.name, whole=whole or as_object, choice=choice
            )
        ]

    def completed(self, choice: int) -> list[ToolCallDelta]:
        """Return `{}` for each call that ended well without arguments: they must be JSON (wire/providers §5.4)."""
        return [
            ToolCallDelta(call.number, "{}", choice=choice)
            for call in self._known.get(choice, ())
            if call.named and call.empty
        ]


def _find(calls: list[_Known], wire: Call, function: Function) -> _Known | None:
    """Return the call this piece belongs to; None for a new one.

    The index decides, unless an id says that it is another call (some servers number each call 0). Without an index the
    id decides, and without both a piece with a name begins a call and a piece without one belongs to the last.
    """
    if wire.index is not None:
        same = [call for call in calls if call.index == wire.index]
        known = same[-1] if same else None
        if known is not None and wire.id and function.name and known.id and known.id != wire.id:
            return None
        return known
    if wire.id:
        return next((call for call in calls if call.id == wire.id), None)
    return None if function.name or not calls else calls[-1]


def _arguments(arguments: Any, *, whole: bool) -> str:  # noqa: ANN401 -- text in good servers, an object in others
    if isinstance(arguments, str) and not whole:
        return arguments
    return arguments_text(arguments) if whole or arguments is not None else ""
