"""The control API's orders about the answer cache: what it holds, and emptying it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import structs

from hearth.problems import Internal
from hearth.server.control.orders import PREFIX, admin, reply
from hearth.server.routes import Table, Visit
from hearth.status_cache import Cleared

if TYPE_CHECKING:
    from hearth.server import web
    from hearth.server.caching import Caching


async def stats(visit: Visit) -> web.StreamResponse:
    """`GET cache`: what was answered from it since start, and what lies on disk."""
    async with _cache(visit) as cache:
        sums = await cache.sums()
        found = structs.replace(cache.view(), kept=sums.answers, size=sums.size, oldest=sums.oldest)
    return reply(found)


async def clear(visit: Visit) -> web.StreamResponse:
    """`DELETE cache`: delete every answer, and the key that names are made with."""
    async with _cache(visit) as cache:
        before = await cache.clear()
    visit.core.events.say("cache_cleared", answers=before.answers)
    return reply(Cleared(before.answers, before.size))


@asynccontextmanager
async def _cache(visit: Visit) -> AsyncIterator[Caching]:
    """Give the cache, to be looked at or emptied also where it is off. Raises `Internal` for what the disk does."""
    from hearth.server.caching import at_rest
    from hearth.side_file import Unusable

    core = visit.core
    found = core.cache or at_rest(core)
    try:
        yield found
    except Unusable as error:
        raise Internal(f"{error}.", next_step="Check the folder and the disk.") from error
    finally:
        if found is not core.cache:
            await found.close()


TABLE: Table = {f"{PREFIX}/cache": {"GET": admin(stats), "DELETE": admin(clear)}}
