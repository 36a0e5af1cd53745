"""The blocks of one reply as its events come in: which block an event belongs to, and when a block is over.

A stream of this dialect has one open block at a time. Calls whose pieces come interleaved are therefore kept until the
blocks before them are over (users.md, pain 20).
"""

from __future__ import annotations

from collections import deque
from typing import Any, Literal

import msgspec
from msgspec import Raw

from hearth.dialects.anthropic.seals import NAME, REDACTED, signature
from hearth.dialects.dialect import Stamp
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import (
    Citation,
    Event,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
)

Kind = Literal["text", "thinking", "redacted_thinking", "tool_use"]
_object = msgspec.json.Decoder(dict[str, Raw])


class Piece:
    """One block: what was said in it, and what of that was not yet written."""

    __slots__ = ("citations", "id", "kind", "name", "over", "said", "signature", "unwritten")

    def __init__(self, kind: Kind, *, id: str = "", name: str = "", signature: str = "") -> None:
        self.kind: Kind = kind
        self.id = id
        self.name = name
        self.signature = signature
        """What is sealed in it; the `data` of redacted thinking."""
        self.said: list[str] = []
        self.unwritten: list[str] = []
        self.citations: list[dict[str, Any]] = []
        self.over = False

    def say(self, text: str) -> None:
        """Add text, thoughts or arguments."""
        self.said.append(text)
        self.unwritten.append(text)

    def arguments(self) -> Raw | None:
        """Return the arguments of a call, `{}` for none; None while they are no JSON object."""
        text = "".join(self.said).strip() or "{}"
        try:
            _object.decode(text)
        except UNREADABLE:
            return None
        return Raw(text.encode())

    def can_end(self) -> bool:
        """Say whether nothing more can come for it, once another block has begun."""
        return self.over or self.kind != "tool_use" or (bool(self.said) and self.arguments() is not None)


class Pieces:
    """All blocks of one reply, in order. `waiting` holds those that are not written to their end."""

    def __init__(self, stamp: Stamp) -> None:
        self.waiting: deque[Piece] = deque()
        self.called = False
        self.refused: list[str] = []
        self._last: Piece | None = None
        self._calls: dict[int, Piece] = {}
        self._stamp = stamp

    def add(self, event: Event) -> None:
        """Take in one event; those that say nothing in a block are passed over."""
        match event:
            case TextDelta(text=text):
                self._of("text").say(text)
            case ThinkingDelta(text=text):
                self._of("thinking").say(text)
            case RefusalDelta(text=text):
                self.refused.append(text)
                self._of("text").say(text)
            case ToolCallDelta():
                self._call(event)
            case ThinkingSealed(opaque=opaque, producer=producer):
                self._seal(opaque, producer)
            case Citation():
                self._of("text").citations.append(_citation(event))

    def _of(self, kind: Kind) -> Piece:
        """Return the last block if it is of this kind and open, else a new one."""
        last = self._last
        if last is None or last.kind != kind or last.over:
            return self._begin(Piece(kind))
        return last

    def _begin(self, piece: Piece) -> Piece:
        self._last = piece
        self.waiting.append(piece)
        return piece

    def _call(self, event: ToolCallDelta) -> None:
        piece = self._calls.get(event.index)
        if piece is None:
            id = event.id or f"toolu_{self._stamp.id}{len(self._calls):02}"
            piece = self._calls[event.index] = self._begin(Piece("tool_use", id=id, name=event.name))
            self.called = True
        if event.arguments and not piece.over:
            piece.say(event.arguments)
        piece.over = piece.over or event.whole

    def _seal(self, opaque: str, producer: str) -> None:
        """Seal the thoughts just said; a seal without any is a block of its own."""
        if producer == NAME and opaque.startswith(REDACTED):
            piece = self._begin(Piece("redacted_thinking", signature=opaque.removeprefix(REDACTED)))
        else:
            piece = self._of("thinking")
            piece.signature = signature(opaque, producer)
        piece.over = True


def _citation(event: Citation) -> dict[str, Any]:
    """Return a source in the one form of this dialect that has an address (`web_search_result_location`)."""
    return {
        "type": "web_search_result_location",
        "url": event.url,
        "title": event.title or None,
        "cited_text": event.quote,
        "encrypted_index": "",
    }
