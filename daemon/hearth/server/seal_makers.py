"""Who sealed what: two providers may speak one dialect, and neither can read what the other has sealed.

Seals travel in clients' conversations, where nothing tells their maker. So each seal that goes by is remembered, as a
keyed hash, with the provider it came from; a conversation may go on after a restart, so they are kept (`seals_kept`).
Bounded: a seal nobody remembers passes for the target's own.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from hashlib import blake2b
from secrets import token_bytes

MOST_SEALS = 8192
"""So many are remembered; the oldest are forgotten."""
KEY_BYTES = 32
SEAL_BYTES = 16
MAKER_BYTES = 8


def _to_nobody(seal: bytes, maker: bytes) -> None:
    pass


class SealMakers:
    """The makers of recent seals. The event loop's alone."""

    def __init__(self, most: int = MOST_SEALS) -> None:
        """Know nobody, and use a key that nobody knows."""
        self.key = token_bytes(KEY_BYTES)
        self.heard: Callable[[bytes, bytes], None] = _to_nobody
        """Is told of each seal that is news, and its maker; both hashed."""
        self._most = most
        self._makers: dict[bytes, bytes] = {}
        self._known: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        """Count the seals that are remembered."""
        return len(self._makers)

    def note(self, seal: str, maker: str) -> None:
        """Remember who made a seal."""
        name, who = self.hashed(seal, SEAL_BYTES), self.hashed(maker, MAKER_BYTES)
        if self._makers.get(name) != who:
            self.recall(name, who)
            self.heard(name, who)

    def recall(self, name: bytes, maker: bytes) -> None:
        """Remember what was heard once, by this run or an earlier one with the same key."""
        maker = self._known.setdefault(maker, maker)
        self._makers.pop(name, None)
        self._makers[name] = maker
        if len(self._makers) > self._most:
            del self._makers[next(iter(self._makers))]

    def foreign_to(self, maker: str) -> Container[str] | None:
        """Return the seals that others than `maker` made: a set to be asked, never listed. None: nobody else did."""
        who = self.hashed(maker, MAKER_BYTES)
        return None if self._known.keys() <= {who} else _Foreign(self, self._makers, who)

    def hashed(self, text: str, size: int) -> bytes:
        """Return the name by which a seal or a maker is kept."""
        return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size, key=self.key).digest()


class _Foreign(Container[str]):
    """Seals that others made, as far as they are remembered."""

    def __init__(self, seals: SealMakers, makers: dict[bytes, bytes], maker: bytes) -> None:
        self._seals = seals
        self._makers = makers
        self._maker = maker

    def __contains__(self, seal: object) -> bool:
        """Say whether somebody else made this seal."""
        if not isinstance(seal, str):
            return False
        return self._makers.get(self._seals.hashed(seal, SEAL_BYTES), self._maker) != self._maker
