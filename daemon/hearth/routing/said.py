"""The turns of a conversation as they stand in a request's body, in whatever dialect; nothing is checked."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Members

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes ends in that are no JSON: a body is cut at its top level before it is planned, and no further."""

_MEMBERS = ("messages", "input", "contents", "prompt")


class _Turn(Struct):
    role: str = "user"


_turns = msgspec.json.Decoder(list[Raw])
_turn = msgspec.json.Decoder(_Turn)


def turns_of(members: Members) -> list[Raw]:
    """Return the turns, the oldest first; a lone text is one turn, and a body without a conversation has none."""
    said = next((members[name] for name in _MEMBERS if name in members), None)
    if said is None:
        return []
    try:
        return _turns.decode(said)
    except UNREADABLE:
        return [said]


def is_users(turn: Raw) -> bool:
    """Say whether a turn is the user's: it says so, or says nothing of whose it is."""
    try:
        return _turn.decode(turn).role == "user"
    except UNREADABLE:
        return True
