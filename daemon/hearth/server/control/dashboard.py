"""The control API's orders that the dashboard needs for itself: a link that signs a browser in, and signing out."""

from __future__ import annotations

from aiohttp import hdrs

from hearth.server import web
from hearth.server.control.orders import PREFIX, admin, reply
from hearth.server.routes import Table, Visit
from hearth.server.ui.pages import DOOR
from hearth.server.ui.sessions import LINK_S, cookie_header


async def link(visit: Visit) -> web.StreamResponse:
    """`POST ui/link`: a path that signs one browser in, once, within a minute, and the addresses it stands under."""
    core = visit.core
    addresses = [address for address in core.listening if address.startswith("http")]
    return reply({"path": f"{DOOR}?link={core.sessions.link()}", "addresses": addresses, "seconds": LINK_S})


async def leave(visit: Visit) -> web.StreamResponse:
    """`POST ui/leave`: sign this browser out."""
    sessions = visit.core.sessions
    sessions.leave(visit.request.headers)
    response = reply({"left": True})
    response.headers[hdrs.SET_COOKIE] = cookie_header(sessions.cookie, "", 0)
    return response


async def sums(visit: Visit) -> web.StreamResponse:
    """`GET ui/usage?by=model|target|provider|key|app|place|day&days=N`: the last sums at once, newer ones next time."""
    query = visit.request.rel_url.query
    return reply(await visit.core.reckoner.sums(query.get("by", "day"), query.get("days", "30")))


TABLE: Table = {
    f"{PREFIX}/ui/usage": {"GET": admin(sums)},
    f"{PREFIX}/ui/link": {"POST": admin(link)},
    f"{PREFIX}/ui/leave": {"POST": admin(leave)},
}
