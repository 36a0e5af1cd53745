"""The control API's question whether a provider can be used."""

from __future__ import annotations

from msgspec import Struct

from hearth.server import web
from hearth.server.checking import check
from hearth.server.control.orders import PREFIX, admin, order, reply
from hearth.server.routes import Table, Visit


class CheckOrder(Struct, forbid_unknown_fields=True):
    """Which provider, which of its models ("": the config's choice), and whether to leave out what may cost money."""

    provider: str
    model: str = ""
    free: bool = False


async def checked(visit: Visit) -> web.StreamResponse:
    """`POST doctor`: look what stands between Hearth and a provider; asks it for its models and a one-word answer."""
    wanted = await order(visit, CheckOrder)
    return reply({"findings": await check(visit.core, wanted.provider, wanted.model, free=wanted.free)})


TABLE: Table = {f"{PREFIX}/doctor": {"POST": admin(checked)}}
