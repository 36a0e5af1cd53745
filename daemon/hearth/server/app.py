"""Every request comes through here.

Guard first, then the route, then the answer; problems are rendered in the caller's dialect.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import web

from hearth.call import App
from hearth.dialects.dialect import Rendered
from hearth.problems import Internal, NotFound, Problem, WrongHost, WrongMethod
from hearth.senses.callers import peer_of, process_of
from hearth.server import control, control_models, listings, llm, manage, orders, pages
from hearth.server.connection import Connection
from hearth.server.guard import Principal, Rules, admit, cors, need, preflight
from hearth.server.routes import INFERENCE, Route, Table, Visit, dialect_of, find

if TYPE_CHECKING:
    from hearth.server.core import Core

log = logging.getLogger("hearth.app")

TABLE: Table = INFERENCE | listings.TABLE | manage.TABLE | control.TABLE | control_models.TABLE | pages.TABLE
_GONE = web.Response(status=499)
_MAX_REFUSED = 100


class Application:
    """Answers requests for one core. `handle` is what listeners are made with."""

    def __init__(self, core: Core, rules: Rules) -> None:
        """`rules` are replaced when config or tokens change."""
        self.core = core
        self.rules = rules
        self._apps: dict[tuple[str, str, str], App] = {}

    def take_rules(self, rules: Rules) -> None:
        """Guard by other rules from now on."""
        self.rules = rules
        self._apps.clear()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Nothing but a vanished client or a cancellation is raised."""
        path = request.rel_url.raw_path
        try:
            return await self._answer(request, path)
        except Problem as problem:
            return self._refuse(request, path, problem)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s failed inside Hearth", path if path in TABLE else "a request")
            return self._refuse(request, path, Internal("Hearth failed.", next_step="Its log has more."))

    async def _answer(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        connection = request.protocol
        if not isinstance(connection, Connection):
            raise Internal("A connection that is none of ours.")
        if connection.peer is None:
            transport = request.transport
            peer = await peer_of(transport) if transport is not None else None
            if peer is None:
                connection.force_close()
                return _GONE
            connection.peer = peer
        rules = self.rules
        principal = admit(request.method, request.headers, connection.door, connection.peer, rules)
        allowed = cors(request.headers, rules)
        if request.method == "OPTIONS" and "Origin" in request.headers:
            return web.Response(status=204, headers=preflight(request.headers, rules))
        route, rest = _route(request.method, path)
        if route.scope == "admin":
            need(principal, "admin")
        if request.headers.get("Expect", "").lower() == "100-continue":
            await _go_on(request)
        if route.infer:
            app = await self._app(request, connection, principal)
            return await llm.answer(self.core, request, route.served, route.infer, principal, app, allowed)
        if route.handler is None:
            raise NotFound("No such route.")
        return await route.handler(Visit(self.core, request, principal, unquote(rest), allowed))

    async def _app(self, request: web.BaseRequest, connection: Connection, principal: Principal) -> App:
        """Say which app calls; the process behind a connection is sought once.

        And only if an app's match asks for it.
        """
        agent = request.headers.get("User-Agent", "")
        apps = self.core.generation.apps
        tokens = (principal.token,) if principal.token else ()
        if not connection.process_known and apps.asks_process(agent, tokens):
            transport = request.transport
            connection.process = await process_of(transport) if transport is not None else None
            connection.process_known = True
        process = connection.process
        name = process[1] if process is not None else ""
        key = (agent, name, principal.token)
        known = self._apps.get(key)
        if known is None:
            known = App(apps.match(agent, name, tokens), agent[:200], process[0] if process else None, name)
            if len(self._apps) > 1000:
                self._apps.clear()
            self._apps[key] = known
        return known

    def _refuse(self, request: web.BaseRequest, path: str, problem: Problem) -> web.Response:
        """Render a problem. A wrong Host gets an empty body, and every refusal is counted for `hearth doctor`."""
        if problem.code and problem.kind in ("wrong_host", "forbidden"):
            counted = self.core.refused_callers
            if problem.code in counted or len(counted) < _MAX_REFUSED:
                counted[problem.code] = counted.get(problem.code, 0) + 1
        if isinstance(problem, WrongHost):
            response = web.Response(status=problem.status)
            response.force_close()
            return response
        rendered = render(path, problem)
        response = web.Response(status=rendered.status, body=rendered.body, headers=dict(rendered.headers))
        response.headers.update(cors(request.headers, self.rules))
        if not request.content.is_eof():
            response.force_close()
        return response


def render(path: str, problem: Problem) -> Rendered:
    """Write a problem the way the clients of this path read it."""
    return orders.problem(problem) if path.startswith("/hearth/") else dialect_of(path).problem(problem)


def _route(method: str, path: str) -> tuple[Route, str]:
    found = find(TABLE, path)
    if found is None:
        raise NotFound("404 page not found")
    methods, rest = found
    route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
    if route is None:
        raise WrongMethod("405 method not allowed", code=", ".join(methods))
    return route, rest


async def _go_on(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send its body; aiohttp's low-level server never does."""
    transport = request.transport
    if transport is not None:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
