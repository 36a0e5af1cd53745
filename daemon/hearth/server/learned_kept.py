"""What was learned of targets, from the usage log at start and back to it while calls come."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hearth.routing.expected import Learned

if TYPE_CHECKING:
    from hearth.server.core import Core


async def restore(core: Core) -> None:
    """Take over what an earlier run has learned; who has been asked meanwhile keeps what it showed."""
    rows = await asyncio.wrap_future(core.ledger.learned())
    nothing = Learned()
    for name in core.learned.restore(rows):
        lane = core.lanes.get(name)
        if lane is not None and lane.learned == nothing:
            lane.learned = core.learned.of(name)
    for pair in core.learned.apart(rows):
        core.lanes.recall(pair)


def save(core: Core) -> None:
    """Hand over what is known now. Never waits."""
    lanes = core.lanes
    core.ledger.keep_learned(core.learned.rows([(name, lane.learned) for name, lane in lanes.items()], lanes.apart()))
