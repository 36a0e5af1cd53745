"""Thinking that a server leaves in the text, between <think> and </think>.

MiniMax, Perplexity's reasoning models and templates without a reasoning parser write so (wire/providers §2).
"""

from __future__ import annotations

from typing import Literal

from hearth.events import TextDelta, ThinkingDelta

OPEN = "<think>"
CLOSE = "</think>"

Piece = ThinkingDelta | TextDelta


class ThinkTags:
    """Splits the text of one choice, given in any pieces.

    The tag opens thinking only where nothing but white space came before it: an answer may speak of the tag itself.
    """

    def __init__(self, choice: int) -> None:
        """Nothing has been said."""
        self._choice = choice
        self._state: Literal["start", "thinking", "closed", "answer"] = "start"
        self._held = ""

    def feed(self, text: str) -> list[Piece]:
        """Return what is certain now; what may be a part of a tag is held back."""
        if self._state == "answer":
            return [TextDelta(text, self._choice)] if text else []
        self._held += text
        pieces: list[Piece] = []
        while self._step(pieces):
            pass
        return pieces

    def close(self) -> list[Piece]:
        """Return what was held back when nothing follows any more."""
        held, self._held = self._held, ""
        kind = ThinkingDelta if self._state == "thinking" else TextDelta
        self._state = "answer"
        return [kind(held, self._choice)] if held else []

    def _step(self, pieces: list[Piece]) -> bool:
        """Go as far as the next tag; False where more text is needed."""
        if self._state == "start":
            return self._start()
        if self._state == "thinking":
            return self._think(pieces)
        if self._state == "closed":
            self._held = self._held.lstrip("\r\n")
            if not self._held:
                return False
            self._state = "answer"
        if self._held:
            pieces.append(TextDelta(self._held, self._choice))
            self._held = ""
        return False

    def _start(self) -> bool:
        said = self._held.lstrip()
        if said.startswith(OPEN):
            self._held = said.removeprefix(OPEN).lstrip("\r\n")
            self._state = "thinking"
            return True
        if OPEN.startswith(said):
            return False
        self._state = "answer"
        return True

    def _think(self, pieces: list[Piece]) -> bool:
        thought, tag, rest = self._held.partition(CLOSE)
        kept = 0 if tag else _overlap(thought)
        self._held = rest if tag else thought[len(thought) - kept :]
        thought = thought[: len(thought) - kept]
        if thought:
            pieces.append(ThinkingDelta(thought, self._choice))
        if tag:
            self._state = "closed"
        return bool(tag)


def _overlap(text: str) -> int:
    """Return how many characters at the end of a text may be the beginning of the closing tag."""
    longest = min(len(text), len(CLOSE) - 1)
    return next((size for size in range(longest, 0, -1) if CLOSE.startswith(text[-size:])), 0)
