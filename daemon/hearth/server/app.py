"""Every request comes through here.

Guard first, then the route, then the answer; problems are rendered in the caller's dialect.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import unquote

from aiohttp import HttpVersion11, hdrs
from msgspec import structs
from multidict import istr

from hearth.call import App
from hearth.dialects.dialect import Rendered
from hearth.problems import Internal, NotFound, Problem, Unauthorized, WrongHost, WrongMethod
from hearth.routing.near import shown
from hearth.senses.callers import Peer, peer_of, process_of
from hearth.server import control, listings, llm, manage, pages, passing, responses, web
from hearth.server.connection import Connection
from hearth.server.control import orders
from hearth.server.guard import (
    DECIDING,
    NOBODY,
    OWNER,
    Door,
    Principal,
    Rules,
    check_target,
    cors,
    identify,
    need,
    preflight,
    screen,
)
from hearth.server.heavy import HeavyBodies
from hearth.server.intake import Inference
from hearth.server.routes import INFERENCE, NO_APP, Route, Table, Visit, dialect_of, find, form_of, meant, served_by
from hearth.server.ui import pages as dashboard

if TYPE_CHECKING:
    from hearth.server.core import Core

log = logging.getLogger("hearth.app")

TABLE: Table = (
    INFERENCE
    | listings.TABLE
    | manage.TABLE
    | passing.TABLE
    | responses.TABLE
    | control.TABLE
    | pages.TABLE
    | dashboard.TABLE
)
PUBLIC = frozenset(path for path, methods in TABLE.items() if all(one.scope == "public" for one in methods.values()))
_GONE = web.Response(status=499)
_MAX_REFUSED = 100
_MOST_ADMITTED = 256
_DECIDING = tuple(map(istr, DECIDING))
"""Names made ready for the lookup, which would else fold each of them anew."""
_PLAIN = (("Content-Type", "text/plain"),)
"""So Ollama's router answers unknown routes and methods (`error-unknown-route-get`, `error-wrong-method-tags`)."""


class Application:
    """Answers requests for one core. `handle` is what listeners are made with."""

    def __init__(self, core: Core, rules: Rules) -> None:
        """`rules` are replaced when config or tokens change."""
        self.core = core
        self.rules = rules
        self.heavy = HeavyBodies()
        self._apps: dict[tuple[str, str, str], App] = {}
        self._admitted: dict[tuple[object, ...], tuple[Principal | None, dict[str, str]]] = {}

    def take_rules(self, rules: Rules) -> None:
        """Guard by other rules from now on."""
        self.rules = rules
        self._apps.clear()
        self._admitted.clear()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request. Nothing but a vanished client or a cancellation is raised."""
        path = _path(request)
        try:
            return await self._answer(request, path)
        except Problem as problem:
            return self._refuse(request, path, problem)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("%s failed inside Hearth", path if path in TABLE else "a request")
            return self._refuse(request, path, Internal("Hearth failed.", next_step="Its log has more."))
        finally:
            if self.heavy.held:
                self.heavy.give(request.protocol)

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
        if not request.raw_path.startswith("/"):
            check_target(request.raw_path, connection.door, self.rules)
        principal, allowed = self._admit(request, connection, connection.peer, public=path in PUBLIC)
        if principal is None:
            return web.Response(status=204, headers=allowed)
        route, rest = _route(request.method, path)
        if route.scope == "admin":
            self._need_admin(principal, request)
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await _go_on(request)
        if route.infer:
            app = await self._app(request, connection, principal)
            rest = unquote(rest) if rest else ""
            inference = Inference(served_by(route.dialect), route.infer, rest, principal, app, allowed)
            return await llm.answer(self.core, request, inference)
        if route.handler is None:
            raise NotFound("No such route.")
        app = await self._app(request, connection, principal) if route.scope == "infer" else NO_APP
        return await route.handler(Visit(self.core, request, principal, unquote(rest), allowed, app))

    def _admit(
        self, request: web.BaseRequest, connection: Connection, peer: Peer, *, public: bool
    ) -> tuple[Principal | None, dict[str, str]]:
        """Ask the guard who calls, and with which headers a page may read the answer; nobody for a preflight it allows.

        What the guard said yes to is remembered for the very same headers, door and caller.
        """
        headers, method = request.headers, request.method
        hosts = headers.getall(hdrs.HOST, [])
        key = (method, connection.door, peer.user, public, len(hosts), *map(headers.get, _DECIDING))
        known = self._admitted.get(key)
        if known is None:
            try:
                known = self._judge(request, connection.door, peer, public=public)
            except Unauthorized:
                if self.core.sessions.signed_in(headers):
                    return OWNER, {}  # not remembered: the cookie is no part of the key
                raise
            if len(self._admitted) >= _MOST_ADMITTED:
                self._admitted.clear()
            self._admitted[key] = known
        return known

    def _need_admin(self, principal: Principal, request: web.BaseRequest) -> None:
        """Raise `Forbidden` unless a token or a signed-in dashboard says that its owner calls (T20, T22)."""
        if not self.core.sessions.signed_in(request.headers):
            need(principal, "admin")

    def _judge(
        self, request: web.BaseRequest, door: Door, peer: Peer, *, public: bool
    ) -> tuple[Principal | None, dict[str, str]]:
        headers, rules = request.headers, self.rules
        screen(request.method, headers, door, rules)
        if request.method == "OPTIONS" and "Origin" in headers:
            return None, preflight(headers, rules)
        return NOBODY if public else identify(headers, door, peer, rules), cors(headers, rules)

    async def _app(self, request: web.BaseRequest, connection: Connection, principal: Principal) -> App:
        """Say which app calls.

        The process behind a connection is sought once, and only if an app's match asks for it.
        """
        agent = _readable(request.headers.get(hdrs.USER_AGENT, ""))
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
        rendered = render(path, problem, request.method)
        response = web.Response(status=rendered.status, body=rendered.body, headers=dict(rendered.headers))
        response.headers.update(cors(request.headers, self.rules))
        if not request.content.is_eof():
            response.force_close()
        return response


_SERVED_HERE = (
    "Hearth serves Ollama's routes under /api, OpenAI's and Anthropic's under /v1, Gemini's under /v1beta, "
    "Cohere's under /v2."
)


def render(path: str, problem: Problem, method: str) -> Rendered:
    """Write a problem the way the clients of this route read it; a 405 says which methods there are (RFC 9110)."""
    rendered = _render(path, problem, method)
    if isinstance(problem, WrongMethod):
        return structs.replace(rendered, headers=(*rendered.headers, ("Allow", problem.code or "")))
    return rendered


def _render(path: str, problem: Problem, method: str) -> Rendered:
    if path.startswith("/hearth/"):
        return orders.problem(problem)
    if type(problem) is NotFound:
        path = meant(TABLE, path) or path
    if type(problem) in (NotFound, WrongMethod) and not path.startswith(("/v1", "/v2/")):
        return Rendered(problem.status, _PLAIN, problem.message.rstrip(".").encode())
    return dialect_of(TABLE, path, method).problem(problem, route=form_of(TABLE, path))


def _route(method: str, path: str) -> tuple[Route, str]:
    found = find(TABLE, path)
    if found is None:
        right = meant(TABLE, path)
        here = f"There is no {shown(path)}. {_SERVED_HERE}"
        step = f"Did you mean {right}? Then correct the base URL." if right else here
        raise NotFound("404 page not found.", next_step=step)
    methods, rest = found
    route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
    if route is None:
        raise WrongMethod("405 method not allowed", code=", ".join(("HEAD", *methods) if "GET" in methods else methods))
    return route, rest


def _path(request: web.BaseRequest) -> str:
    """Return the path without its query; the plain ones of nearly all requests are no work for a parser of URLs."""
    target = request.raw_path
    plain = target.startswith("/") and "?" not in target and "#" not in target
    return target if plain else request.rel_url.raw_path


def _readable(agent: str) -> str:
    """Return a header's text fit for JSON and for the usage log: bytes that are no UTF-8 become question marks."""
    return agent if agent.isascii() else agent.encode("utf-8", "replace").decode()


async def _go_on(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send its body; aiohttp's low-level server never does."""
    transport = request.transport
    if transport is not None and request.version >= HttpVersion11:
        transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
