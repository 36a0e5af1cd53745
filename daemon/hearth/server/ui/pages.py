"""The dashboard's routes outside the control API: its page, its files, and the door that a one-use link opens.

None of them says anything about the user: what the page shows it asks of the control API, which wants its cookie.
"""

from __future__ import annotations

from aiohttp import hdrs

from hearth.server import web
from hearth.server.connection import Connection
from hearth.server.routes import Handler, Route, Table, Visit
from hearth.server.ui.assets import STRICT, asset, names
from hearth.server.ui.sessions import cookie_header

INDEX = "index.html"
DOOR = "/ui/enter"
_OLD = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>'
    b'<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="stylesheet" href="/ui/style.css">'
    b'<body><main class="alone"><h1>This link is used up</h1>'
    b"<p>A link to the dashboard opens it once, within a minute.</p>"
    b"<p>Type <code>hearth ui</code> in a terminal for a new one.</p></main></body></html>"
)


def _served(name: str) -> Handler:
    async def serve(visit: Visit) -> web.StreamResponse:
        found = asset(name)
        if visit.request.headers.get(hdrs.IF_NONE_MATCH) == found.etag:
            return web.Response(status=304, headers={**STRICT, hdrs.ETAG: found.etag})
        return web.Response(body=found.body, headers={**STRICT, hdrs.CONTENT_TYPE: found.kind, hdrs.ETAG: found.etag})

    return serve


async def moved(_: Visit) -> web.StreamResponse:
    """`GET /ui`: the page's own addresses are relative to /ui/."""
    return web.Response(status=308, headers={**STRICT, hdrs.LOCATION: "/ui/"})


async def enter(visit: Visit) -> web.StreamResponse:
    """`GET /ui/enter?link=WORD`: sign this browser in and go to the page; the link is used up (T20).

    Another user of this machine, who may see the link among the processes, does not get in by it.
    """
    sessions, request = visit.core.sessions, visit.request
    word = request.rel_url.query.get("link", "")
    value = sessions.enter(word) if request.method == "GET" and not _is_of_another(request) else None
    headers = {**STRICT, hdrs.CACHE_CONTROL: "no-store"}
    if value is None:
        return web.Response(status=401, body=_OLD, headers={**headers, hdrs.CONTENT_TYPE: "text/html; charset=utf-8"})
    cookie = cookie_header(sessions.cookie, value)
    return web.Response(status=303, headers={**headers, hdrs.LOCATION: "/ui/", hdrs.SET_COOKIE: cookie})


def _is_of_another(request: web.BaseRequest) -> bool:
    connection = request.protocol
    return isinstance(connection, Connection) and connection.peer is not None and connection.peer.user == "other"


def _public(handler: Handler) -> dict[str, Route]:
    return {"GET": Route("public", "ollama", handler=handler)}


TABLE: Table = {
    "/ui": _public(moved),
    "/ui/": _public(_served(INDEX)),
    DOOR: _public(enter),
    **{f"/ui/{name}": _public(_served(name)) for name in names() if name != INDEX},
}
