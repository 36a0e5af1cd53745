"""The control API's routes about keys: how each stands, and a trial of them. Never their values."""

from __future__ import annotations

from msgspec import Struct

from hearth.server import web
from hearth.server.control.orders import PREFIX, admin, order, reply
from hearth.server.key_trial import try_keys
from hearth.server.routes import Table, Visit


class TrialOrder(Struct, forbid_unknown_fields=True):
    """Which keys to try: all, those of a provider, or the one of that id."""

    provider: str = ""
    id: str = ""


async def keys(visit: Visit) -> web.StreamResponse:
    """`GET keys`: the state of every key by its id: room left, uses, what was last held against it."""
    core = visit.core
    found = ((runtime, core.keys.views(runtime.settings)) for runtime in core.generation.providers.values())
    return reply([{"provider": runtime.settings.name, "keys": views} for runtime, views in found if views])


async def tried(visit: Visit) -> web.StreamResponse:
    """`POST keys/test`: look keys up again and show them to their providers, who list their models for it: free."""
    wanted = await order(visit, TrialOrder)
    return reply({"keys": await try_keys(visit.core, wanted.provider, wanted.id)})


TABLE: Table = {
    f"{PREFIX}/keys": {"GET": admin(keys)},
    f"{PREFIX}/keys/test": {"POST": admin(tried)},
}
