"""`GET /metrics`: what Prometheus scrapes, from the same counts and the same status that everything else shows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hearth.metrics import prometheus, shown, state
from hearth.server import web
from hearth.server.control import snapshot
from hearth.server.control.orders import admin
from hearth.server.routes import Table, Visit

if TYPE_CHECKING:
    from hearth.metrics.kinds import Family
    from hearth.server.core import Core

_HEADERS = {"Content-Type": prometheus.CONTENT_TYPE, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


def families(core: Core) -> Iterator[Family]:
    """Yield every metric of the daemon as of now."""
    presets = {name: provider.preset or "" for name, provider in core.generation.settings.providers.items()}
    yield from shown.families(core.figures, presets)
    yield from state.families(snapshot.status(core))


async def metrics(visit: Visit) -> web.StreamResponse:
    """`GET /metrics`: counts since start and the state of now, as Prometheus text (docs/metrics.md)."""
    found = [*families(visit.core)]  # taken here, where they are counted; written beside, where nobody waits for it
    return web.Response(body=await asyncio.to_thread(prometheus.text, found), headers=_HEADERS)


TABLE: Table = {"/metrics": {"GET": admin(metrics)}}
