"""Which key a provider's files, batches and responses belong to: no other key or provider may see them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from hearth.call import Kept

MOST: Final = 4096
"""So many are remembered; the one that was not mentioned for longest is forgotten."""
LONGEST_ID: Final = 200


class Belongings:
    """The owners of what providers keep, by provider and id. In memory alone, and of the event loop alone."""

    __slots__ = ("_most", "_owners", "_providers")

    def __init__(self, most: int = MOST) -> None:
        """Know nothing."""
        self._most = most
        self._owners: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._providers: dict[str, None] = {}

    def owner(self, provider: str, ids: Iterable[str]) -> str:
        """Return the id of the key that one of these belongs to; "" where nobody knows."""
        return next((self._owners[provider, one] for one in ids if (provider, one) in self._owners), "")

    def of(self, ids: Iterable[str]) -> tuple[Kept, ...]:
        """Return for each of these the keys that it belongs to, by provider."""
        return tuple(
            Kept(id, {who: self._owners[who, id] for who in self._providers if (who, id) in self._owners}) for id in ids
        )

    def belong(self, provider: str, key_id: str, ids: Iterable[str]) -> None:
        """Say that a key has been shown these."""
        for one in ids:
            if not one or len(one) > LONGEST_ID:
                continue
            self._providers[provider] = None
            self._owners[provider, one] = key_id
            self._owners.move_to_end((provider, one))
            if len(self._owners) > self._most:
                self._owners.popitem(last=False)
