"""`reasoning_details`: thinking as OpenRouter and MiniMax tell it, and want it back in the turn it led to.

Each entry is readable (`reasoning.text`, `reasoning.summary`) or sealed (`reasoning.encrypted`, a `signature`), and all
must come back unmodified and in order (wire/providers §4.10). So the list as a whole is the seal of its provider.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Any, cast

import msgspec

from hearth.dialects.unreadable import UNREADABLE

NAME = "reasoning_details"
_GROWING = ("text", "summary")
_SECRET = ("signature", "data")
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode

Detail = dict[str, Any]


def entries(given: object) -> list[Detail]:
    """Return the entries of a list of details; none of anything else."""
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def readable(details: Sequence[Detail]) -> str:
    """Return what a person may read of them."""
    said = (one.get("text") or one.get("summary") for one in details)
    return "".join(piece for piece in said if isinstance(piece, str))


class Snapshots:
    """Texts that may grow from the start with each piece, as MiniMax's do by its own examples, made pieces again.

    Some of its hosts send pieces all the same, so each text is judged by itself: one that begins with all that was said
    before, if that is more than a syllable, says it again.
    """

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._said: dict[object, str] = {}

    def fresh(self, piece: Detail) -> Detail:
        """Return a piece with what is new in its text."""
        text, place = piece.get("text"), (piece.get("type"), piece.get("id"), piece.get("index"))
        if not isinstance(text, str) or not all(isinstance(one, str | int | None) for one in place):
            return piece
        said = self._said.get(place, "")
        again = len(said) > _SYLLABLE and text.startswith(said)
        self._said[place] = text if again else said + text
        return {**piece, "text": text[len(said) :]} if again else piece


_SYLLABLE = 3


class Details:
    """The details of one turn as they come in pieces."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: list[Detail] = []

    def add(self, pieces: Sequence[Detail]) -> None:
        """Add the next pieces: text grows where the last entry is of the same kind, anything else is an entry."""
        for piece in pieces:
            last = self._all[-1] if self._all else {}
            if _continues(last, piece):
                known = {name: given for name, given in piece.items() if given is not None and name not in _GROWING}
                grown = {name: (last.get(name) or "") + piece[name] for name in _GROWING if _is_text(piece, name)}
                self._all[-1] = last | known | grown
            else:
                self._all.append(piece)

    def seal(self) -> str:
        """Return them as JSON, and begin anew; "" for none."""
        if not self._all:
            return ""
        sealed, self._all = msgspec.json.encode(self._all).decode(), []
        return sealed


def _is_text(piece: Detail, name: str) -> bool:
    return isinstance(piece.get(name), str)


def _continues(last: Detail, piece: Detail) -> bool:
    kind = piece.get("type")
    if kind not in ("reasoning.text", "reasoning.summary") or _secrets(last) or "data" in piece:
        return False
    readable = all(isinstance(last.get(name), str | None) for name in _GROWING)
    return readable and all(piece.get(name) == last.get(name) for name in ("type", "index"))


def opened(seal: str) -> list[Detail]:
    """Return the details in a seal; none of one that is broken, or that somebody made up."""
    try:
        return _decode(seal)
    except UNREADABLE:
        return []


def secrets_of(seal: str) -> tuple[str, ...]:
    """Return what is secret in a seal, entry by entry."""
    return tuple(secret for one in opened(seal) for secret in _secrets(one))


def own_only(details: Sequence[Detail], foreign: Container[str]) -> list[Detail]:
    """Return the entries that nobody else has sealed."""
    return [one for one in details if not any(secret in foreign for secret in _secrets(one))]


def _secrets(detail: Detail) -> list[str]:
    return [cast("str", detail[name]) for name in _SECRET if isinstance(detail.get(name), str)]
