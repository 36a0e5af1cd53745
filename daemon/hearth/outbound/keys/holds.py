"""Which key answered a conversation last: the next call goes with the same one, for the prompt cache is there."""

from __future__ import annotations

from collections import OrderedDict

from msgspec import Struct

MOST = 4096
"""So many conversations are remembered; the one that has said nothing for longest is forgotten."""


class Conversation(Struct, frozen=True):
    """A conversation by a keyed hash of how it begins, and whether a call goes on with it or begins it."""

    name: bytes
    goes_on: bool


class KeyHolds:
    """The keys of conversations, by provider. In memory alone, and of the event loop alone."""

    __slots__ = ("_keys", "_most")

    def __init__(self, most: int = MOST) -> None:
        """Know no conversation."""
        self._most = most
        self._keys: OrderedDict[tuple[str, bytes], str] = OrderedDict()

    def held(self, provider: str, conversation: Conversation | None) -> str:
        """Return the id of the key that a call should go with, if it can; "" where it begins a conversation."""
        if conversation is None or not conversation.goes_on:
            return ""
        return self._keys.get((provider, conversation.name), "")

    def answered(self, provider: str, conversation: Conversation | None, key_id: str) -> None:
        """Say which key a conversation was answered with."""
        if conversation is None:
            return
        self._keys[provider, conversation.name] = key_id
        self._keys.move_to_end((provider, conversation.name))
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)
