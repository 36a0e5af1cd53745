"""What keys were used for before this start is counted against their limits of the day."""

from __future__ import annotations

import asyncio
from time import monotonic, time
from typing import TYPE_CHECKING

from hearth.ledger.key_use import STRETCH_S, read_key_use
from hearth.outbound.keys.room import DAY_S
from hearth.outbound.keys.state import keys_of

if TYPE_CHECKING:
    from hearth.server.core import Core

OPEN_S = 10.0


async def recall_keys(core: Core) -> None:
    """Read the last day of the usage log, if a key has a limit of the day; a key is counted so once."""
    wanted = {
        (provider.name, key.id)
        for provider in core.generation.settings.providers.values()
        for key in keys_of(provider)
        if key.requests_per_day is not None or key.tokens_per_day is not None
    } - core.keys.recalled
    if not wanted:
        return
    core.keys.recalled |= wanted
    await asyncio.to_thread(core.ledger.flush, OPEN_S)  # a first start makes the tables meanwhile
    now = time()
    try:
        uses = await asyncio.to_thread(read_key_use, core.ledger.path, now - DAY_S, now)
    except BaseException:
        core.keys.recalled -= wanted
        raise
    for use in uses:
        if (use.provider, use.key_id) in wanted:
            ago = max(time() - use.at - STRETCH_S, 0.0)
            core.keys.recall(use.provider, use.key_id, use.requests, use.tokens, monotonic() - ago)
