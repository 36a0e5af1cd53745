"""Responses that Hearth keeps, so that a client may go on with `previous_response_id` and ask for them again.

In memory alone, for prompts on disk are a matter of privacy; off unless the config turns it on; bounded in bytes and in
age. A response belongs to the app that asked for it, and keeps the mode in which its words were said: a call that may
go farther than they might cannot go on with them.
"""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw, Struct

from hearth.call import MODES, Mode

if TYPE_CHECKING:
    from hearth_config.settings import Responses


class Kept(Struct, frozen=True):
    """One response: the whole conversation up to it, in items, and its body as its client got it."""

    id: str
    app: str
    mode: Mode
    items: tuple[Raw, ...]
    """The input: what earlier responses said included, instructions left out."""
    body: bytes
    made_at: float

    @property
    def size(self) -> int:
        """How many bytes it holds."""
        return len(self.body) + sum(len(bytes(item)) for item in self.items)

    @property
    def output(self) -> tuple[Raw, ...]:
        """What the response said, in items."""
        return tuple(msgspec.json.decode(self.body, type=_Output).output)

    def may_be_continued(self, mode: Mode) -> bool:
        """Say whether a call of this mode may take its words along."""
        return MODES.index(mode) <= MODES.index(self.mode)


class _Output(Struct):
    output: list[Raw] = []


class Remembered:
    """All responses that are kept, the oldest first."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        """Count them."""
        return len(self._kept)

    def keep(self, kept: Kept, limits: Responses) -> None:
        """Keep one more, and let go of what is too old or too much."""
        self._kept[kept.id] = kept
        self._size += kept.size
        self._forget(limits)

    def find(self, id: str, app: str, limits: Responses) -> Kept | None:
        """Return a response of this app; None for one that was never there, or is no longer."""
        self._forget(limits)
        found = self._kept.get(id)
        return found if found is not None and found.app == app else None

    def drop(self, id: str) -> None:
        """Forget one."""
        kept = self._kept.pop(id, None)
        if kept is not None:
            self._size -= kept.size

    def _forget(self, limits: Responses) -> None:
        oldest = monotonic() - limits.keep
        while self._kept:
            first = next(iter(self._kept.values()))
            if limits.store and self._size <= limits.size and first.made_at >= oldest:
                return
            self.drop(first.id)


def shown_items(kept: Kept) -> list[dict[str, Any]]:
    """Return the items of the input as a list of them shows each: with an id."""
    items: list[dict[str, Any]] = [msgspec.json.decode(item) for item in kept.items]
    return [{"id": f"item_{kept.id.removeprefix('resp_')}_{number}", **item} for number, item in enumerate(items)]
