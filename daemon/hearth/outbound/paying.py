"""What an attempt needs of whoever keeps the money: its price, room for it beforehand, and a settling afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hearth.money.tags import PriceTag
    from hearth.outbound.upstream import Upstream
    from hearth.record import Attempt


class Till(Protocol):
    """The one place where attempts are paid."""

    def tag(self, upstream: Upstream) -> PriceTag | None:
        """Return what the attempt's answer costs, with its key; None when nobody knows (yet)."""
        ...

    def guards(self, upstream: Upstream) -> bool:
        """Whether room must be set aside for it first; cheap, and False for whatever is answered at home."""
        ...

    async def reserve(self, upstream: Upstream, before: Sequence[Attempt], *, waits: bool) -> float:
        """Set the most aside that it can cost; `before` are the call's earlier attempts. Raises `OverBudget`.

        Returns for how many seconds it waited for room that was set aside for others, where it `waits` for that.
        """
        ...

    def settle(self, upstream: Upstream, made: Attempt) -> None:
        """Put its true cost in the place of what was set aside."""
        ...
