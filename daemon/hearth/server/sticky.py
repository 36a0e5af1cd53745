"""Which target answered a conversation last: known by a keyed hash of how it began, in memory alone."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

from hearth.dialects.steady import steadied
from hearth.outbound.keys.holds import Conversation
from hearth.routing.sticky import beginning, goes_on
from hearth.routing.world import Hold

if TYPE_CHECKING:
    from hearth.call import Call

MOST = 4096
"""So many conversations are remembered; the one that has said nothing for longest is forgotten."""


class Sticky:
    """Conversations and who answers them. The event loop's alone; the key is this process's own and never told."""

    def __init__(self, most: int = MOST) -> None:
        """Know no conversation."""
        self._most = most
        self._key = token_bytes(16)
        self._targets: OrderedDict[bytes, str] = OrderedDict()

    def __len__(self) -> int:
        """Count the conversations."""
        return len(self._targets)

    def hold(self, call: Call) -> Hold | None:
        """Return the conversation that a call goes on with, and who answered it; None where it is part of none."""
        found = self.conversation(call)
        return None if found is None else Hold(found.name, self._targets.get(found.name, ""))

    def conversation(self, call: Call) -> Conversation | None:
        """Return the conversation that a call begins or goes on with; None where it is part of none."""
        if call.outline.operation == "embed" or call.task == "autocomplete":
            return None
        return self._found(call)

    def answered(self, conversation: bytes, target: str) -> None:
        """Say that a target has answered: what follows goes there too."""
        self._targets[conversation] = target
        self._targets.move_to_end(conversation)
        if len(self._targets) > self._most:
            self._targets.popitem(last=False)

    def failed(self, conversation: bytes, target: str) -> None:
        """Say that a target did not answer: the conversation is no longer held to it."""
        if self._targets.get(conversation) == target:
            del self._targets[conversation]

    def _found(self, call: Call) -> Conversation | None:
        digest = blake2b(key=self._key, digest_size=16)
        digest.update(call.outline.model.encode("utf-8", "surrogatepass"))
        members, before = steadied(call.members), None
        for before in beginning(members):
            digest.update(len(before).to_bytes(8, "big"))
            digest.update(before)
        return None if before is None else Conversation(digest.digest(), goes_on(members))
