"""A name that nobody knows: the engines here are asked again, since a model may just have been fetched past Hearth."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearth.call import Call, Task
    from hearth.routing.plan import Plan
    from hearth.routing.resolution import Resolution
    from hearth.server.core import Core

LOOK_S = 1.0
"""A living engine answers what it has in milliseconds; nobody waits longer for one that does not."""


async def resolved(core: Core, name: str, task: Task) -> Resolution:
    """Return what a name means that a person has given, after another look where nobody knows it."""
    found = core.catalog.resolve(name, task)
    if found.kind != "missing" or found.problem is not None:
        return found
    await asyncio.gather(fresh(core), core.inventory.everywhere(LOOK_S))
    return core.catalog.resolve(name, task)


async def fresh(core: Core) -> None:
    """Ask all engines here what they have at this moment; what one says that does not answer soon is not waited for."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_S):
            await core.refresh_engines()


async def look(core: Core) -> bool:
    """Ask the engines here that were not asked a moment ago; returns whether any was."""
    return await core.inventory.look_again(LOOK_S)


async def plan_again(core: Core, call: Call, made: Plan) -> Plan:
    """Return the plan for a call whose model nobody knows, after another look.

    An engine that has just been asked is not asked again: names that mean nothing cost it little.
    """
    if made.resolution.problem is not None or not await look(core):
        return made
    return core.plan(call)
