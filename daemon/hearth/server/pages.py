"""The front door: `GET /` is Ollama's, and a browser is shown the way to the dashboard."""

from __future__ import annotations

from hearth.server import web
from hearth.server.routes import Route, Table, Visit
from hearth.server.ui.assets import STRICT

RUNNING = "Ollama is running"
"""The exact 17 bytes that clients probe for (recording `ollama-root`)."""


async def front(visit: Visit) -> web.StreamResponse:
    """Answer clients as Ollama does, and send a browser to the dashboard."""
    if "text/html" in visit.request.headers.get("Accept", ""):
        return web.Response(status=303, headers={**STRICT, "Location": "/ui/"})
    return web.Response(text=RUNNING, headers=dict(visit.cors))


TABLE: Table = {"/": {"GET": Route("public", "ollama", handler=front)}}
