"""The control API's way to take the usage log along: every call with its attempts, as lines of JSON."""

from __future__ import annotations

import asyncio

import msgspec

from hearth.ledger import exports
from hearth.ledger.sums import Span
from hearth.server import web
from hearth.server.control.orders import PREFIX, admin
from hearth.server.control.reports import moment, written
from hearth.server.routes import Table, Visit

_encode = msgspec.json.Encoder().encode
_LINES = {"Content-Type": "application/x-ndjson"}


async def exported(visit: Visit) -> web.StreamResponse:
    """`GET usage/export?since=&until=`: each call of that time with its attempts on a line of its own, oldest first."""
    core, query = visit.core, visit.request.rel_url.query
    span = Span(moment(query, "since"), moment(query, "until"))
    path = await written(core)
    page = await asyncio.to_thread(exports.page, path, 0, span)
    response = web.StreamResponse(headers=_LINES)
    await response.prepare(visit.request)
    while page.entries:
        await response.write(b"".join(_encode(entry) + b"\n" for entry in page.entries))
        page = await asyncio.to_thread(exports.page, path, page.last, span)
    return response


TABLE: Table = {f"{PREFIX}/usage/export": {"GET": admin(exported)}}
