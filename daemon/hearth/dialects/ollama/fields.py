"""The members of a request as Ollama's server takes them: any case, null as absent, its words for a wrong type."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

NULL = Raw(b"null")
_text = msgspec.json.Decoder(str).decode
_flag = msgspec.json.Decoder(bool).decode
_number = msgspec.json.Decoder(int | float).decode


def fold(name: str) -> str:
    """Return a member's name as Go's decoder compares it: any case, the long s and the Kelvin sign included."""
    return name.lower() if name.isascii() else name.lower().replace("\N{LATIN SMALL LETTER LONG S}", "s")


def folded(members: Members) -> Members:
    """Return the members by folded name, those that are null left out; of several spellings the last one counts."""
    if members.keys() <= USUAL and NULL not in members.values():
        return members
    return {usual(name): value for name, value in members.items() if value != NULL}


def usual(name: str) -> str:
    """Return a member's name as `fold` does; the names that nearly every request has are known."""
    return name if name in USUAL else fold(name)


_PLAIN = frozenset(("model", "messages", "prompt", "stream", "options", "keep_alive", "input"))
USUAL = _PLAIN | {"suffix", "tools", "format", "think"}
"""The members that most requests have, spelled as they are."""


class Fields:
    """The folded members of one request; `struct` is the name of it in Ollama's error texts ("ChatRequest")."""

    __slots__ = ("members", "plain", "struct")

    def __init__(self, members: Members, struct: str) -> None:
        self.members = folded(members)
        self.plain = self.members.keys() <= _PLAIN
        """Nothing is among them but what nearly every request has."""
        self.struct = struct

    def raw(self, name: str) -> bytes:
        """Return a member's JSON text, b"" when it is absent."""
        found = self.members.get(name)
        return b"" if found is None else bytes(found)

    def size(self, name: str) -> int:
        """Return the length of a member's JSON text in bytes."""
        found = self.members.get(name)
        return 0 if found is None else len(found)

    def text(self, name: str) -> str:
        """Return a string, "" when it is absent."""
        found = self.members.get(name)
        if found is None:
            return ""
        try:
            return _text(found)
        except UNREADABLE:
            raise self.wrong_type(name, "string") from None

    def flag(self, name: str, *, absent: bool = False) -> bool:
        """Return a bool."""
        found = self.members.get(name)
        if found is None:
            return absent
        try:
            return _flag(found)
        except UNREADABLE:
            raise self.wrong_type(name, "bool") from None

    def number(self, name: str) -> int | None:
        """Return a whole number, None when it is absent."""
        found = self.members.get(name)
        if found is None:
            return None
        try:
            number = _number(found)
        except UNREADABLE:
            raise self.wrong_type(name, "int") from None
        if number != int(number):
            raise self.wrong_type(name, "int")
        return int(number)

    def decoded(self, name: str, decoder: msgspec.json.Decoder[Any], go_type: str) -> Any:  # noqa: ANN401 -- the decoder says what comes back
        """Return a member as the decoder reads it, None when it is absent."""
        found = self.members.get(name)
        if found is None:
            return None
        try:
            return decoder.decode(found)
        except UNREADABLE:
            raise self.wrong_type(name, go_type) from None

    def wrong_type(self, path: str, go_type: str, found: bytes | None = None) -> BadRequest:
        """Return the error Ollama's JSON decoder gives (recordings `error-content-parts`, `error-options-list`)."""
        value = self.raw(path) if found is None else found
        return BadRequest(
            f"json: cannot unmarshal {_kind(value)} into Go struct field {self.struct}.{path} of type {go_type}",
            param=path,
        )

    @property
    def model(self) -> str:
        """The model's name: of `model` and `name`, the first that is filled: clients may send the other one empty."""
        return self.text("model") or self.text("name")


def _kind(value: bytes) -> str:
    """Name the kind of a JSON value as Go does."""
    return {b'"': "string", b"{": "object", b"[": "array", b"t": "bool", b"f": "bool"}.get(value[:1], "number")
