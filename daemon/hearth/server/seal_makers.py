"""Who sealed what: two providers may speak one dialect, and neither can read what the other has sealed.

Seals travel in clients' conversations, where nothing tells their maker. So each seal that goes by is remembered, as a
hash, with the provider it came from. In memory only, and bounded: a seal nobody remembers passes for the target's own.
"""

from __future__ import annotations

from collections.abc import Container
from hashlib import blake2b

MOST_SEALS = 16_384
"""So many are remembered; the oldest are forgotten."""


class SealMakers:
    """The makers of recent seals. The event loop's alone."""

    def __init__(self, most: int = MOST_SEALS) -> None:
        """Know nobody."""
        self._most = most
        self._makers: dict[bytes, str] = {}
        self._known: set[str] = set()

    def __len__(self) -> int:
        """Count the seals that are remembered."""
        return len(self._makers)

    def note(self, seal: str, maker: str) -> None:
        """Remember who made a seal."""
        self._known.add(maker)
        self._makers[_name(seal)] = maker
        if len(self._makers) > self._most:
            del self._makers[next(iter(self._makers))]

    def foreign_to(self, maker: str) -> Container[str] | None:
        """Return the seals that others than `maker` made: a set to be asked, never listed. None: nobody else did."""
        return None if self._known <= {maker} else _Foreign(self._makers, maker)


class _Foreign(Container[str]):
    """Seals that others made, as far as they are remembered."""

    def __init__(self, makers: dict[bytes, str], maker: str) -> None:
        self._makers = makers
        self._maker = maker

    def __contains__(self, seal: object) -> bool:
        """Say whether somebody else made this seal."""
        return isinstance(seal, str) and self._makers.get(_name(seal), self._maker) != self._maker


def _name(seal: str) -> bytes:
    return blake2b(seal.encode("utf-8", "surrogatepass"), digest_size=16).digest()
