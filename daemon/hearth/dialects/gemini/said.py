"""What one candidate has said so far, as parts of its content: text, thinking, calls with whole arguments."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.gemini.seals import NAME, SKIP, seal
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Finished, FinishReason, ThinkingSealed, ToolCallDelta

_WORDS: dict[FinishReason, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "filter": "SAFETY",
    "load": "STOP",
    "unload": "STOP",
    "unknown": "STOP",
}
_OWN_WORDS = frozenset(
    (
        *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"),
        *("IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION", "OTHER", "IMAGE_OTHER"),
        *("NO_IMAGE", "CONTINUATION", "PUP_LIMITED_DISABLED"),
    )
)
"""Gemini's words that say more than ours: kept where a Gemini said them."""
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode


def finish_word(finished: Finished) -> str:
    """Return Gemini's word for an end."""
    if finished.reason in ("filter", "unknown") and finished.raw in _OWN_WORDS:
        return finished.raw
    return _WORDS[finished.reason]


class _Call:
    """A call whose arguments may still be arriving."""

    __slots__ = ("arguments", "id", "name", "opaque", "producer")

    def __init__(self, first: ToolCallDelta) -> None:
        self.id = first.id
        self.name = first.name
        self.arguments: list[str] = []
        self.opaque = ""
        self.producer = ""


class Calls:
    """The calls of one candidate: each is told once, when all of its arguments are there."""

    def __init__(self, id_start: str) -> None:
        """`id_start` begins the ids of calls whose provider gave none."""
        self.broken = False
        """Whether the arguments of a call were no JSON object, so that it could not be told."""
        self._id_start = id_start
        self._open: dict[int, _Call] = {}
        self._told = 0

    def add(self, event: ToolCallDelta) -> list[dict[str, Any]]:
        """Take a piece; return the part of the call if it is whole now."""
        call = self._open.get(event.index)
        if call is None:
            call = self._open[event.index] = _Call(event)
        call.arguments.append(event.arguments)
        if event.opaque:
            call.opaque, call.producer = event.opaque, event.producer
        return self._parts(self._open.pop(event.index)) if event.whole else []

    def rest(self) -> list[dict[str, Any]]:
        """Return the parts of all calls that were not told yet, in order."""
        calls = [call for _, call in sorted(self._open.items())]
        self._open.clear()
        return [part for call in calls for part in self._parts(call)]

    def _parts(self, call: _Call) -> list[dict[str, Any]]:
        """Return a call; the first of a reply that no Gemini sealed gets the word for that, for the turns to come."""
        text = "".join(call.arguments).strip() or "{}"
        try:
            _decode_object(text)
        except UNREADABLE:
            self.broken = True
            return []
        function = {"name": call.name, "args": Raw(text.encode()), "id": call.id or f"{self._id_start}{self._told}"}
        signature = seal(call.opaque, call.producer or NAME) or ("" if self._told else SKIP)
        self._told += 1
        return [{"functionCall": function} | ({"thoughtSignature": signature} if signature else {})]


def text_part(text: str) -> dict[str, Any]:
    """Return a part of the answer."""
    return {"text": text}


def thought_part(text: str) -> dict[str, Any]:
    """Return a part of the thinking."""
    return {"text": text, "thought": True}


def seal_part(sealed: ThinkingSealed) -> dict[str, Any]:
    """Return the seal of what came before it."""
    return {"text": "", "thoughtSignature": seal(sealed.opaque, sealed.producer)}
