"""The front door: `GET /` is Ollama's, and a browser is told in words where it has come."""

from __future__ import annotations

from aiohttp import web

from hearth.server.routes import Route, Table, Visit

RUNNING = "Ollama is running"
"""The exact 17 bytes that clients probe for (recording `ollama-root`)."""
_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearth</title>
<body style="font-family:system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem;line-height:1.5">
<h1>Hearth is running</h1>
<p>Point your editor at this address:
it speaks Ollama's API under <code>/api</code> and OpenAI's under <code>/v1</code>.</p>
<p>To see what it does, type <code>hearth status</code> in a terminal.</p></body></html>"""
_STRICT = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def front(visit: Visit) -> web.StreamResponse:
    """Answer clients as Ollama does, and a browser with a page."""
    if "text/html" in visit.request.headers.get("Accept", ""):
        return web.Response(body=_PAGE, headers=_STRICT)
    return web.Response(text=RUNNING, headers=dict(visit.cors))


TABLE: Table = {"/": {"GET": Route("public", "ollama", handler=front)}}
