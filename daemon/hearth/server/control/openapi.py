"""The control API described to programs, made from the table of its routes."""

from __future__ import annotations

from hearth.server import web
from hearth.server.control.orders import PREFIX, admin, reply
from hearth.server.routes import Table, Visit


def with_description(table: Table) -> Table:
    """Return the table with one more route, `openapi.json`, which describes them all."""

    async def described(_: Visit) -> web.StreamResponse:
        """`GET openapi.json`: this API, described."""
        return reply(describe(whole))

    whole = {**table, f"{PREFIX}/openapi.json": {"GET": admin(described)}}
    return whole


def describe(table: Table) -> dict[str, object]:
    """Return the description of every route in the table, in the form of OpenAPI 3.1."""
    paths: dict[str, dict[str, object]] = {}
    for path, methods in table.items():
        shown = path.replace("…", "{name}")
        paths[shown] = {
            method.lower(): {
                "summary": (route.handler.__doc__ or "").strip(),
                "responses": {"200": {"description": "ok"}},
            }
            for method, route in methods.items()
            if route.handler is not None
        }
    return {"openapi": "3.1.0", "info": {"title": "Hearth control API", "version": "1"}, "paths": paths}
