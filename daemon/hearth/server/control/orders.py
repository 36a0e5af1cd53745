"""What all parts of the control API share: how an order is read, how an answer and a problem are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct

from hearth.call import Mode, Task
from hearth.dialects.dialect import Rendered
from hearth.problems import BadRequest, Problem
from hearth.server import web
from hearth.server.intake import read_body
from hearth.server.routes import Route, Visit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Order = TypeVar("Order", bound=Struct)
_encode = msgspec.json.Encoder().encode
STRICT = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""What every reply carries: nothing in it is ever run, framed, guessed at or kept (T18)."""
_JSON = {"Content-Type": "application/json", **STRICT}
BODY_LIMIT = 1024 * 1024
PREFIX = "/hearth/v1"


class Named(Struct, forbid_unknown_fields=True):
    """An order about one model; the provider only where the name alone would not do."""

    model: str
    task: Task = "chat"
    mode: Mode | None = None


def reply(value: object, **headers: str) -> web.Response:
    """Return a value as JSON; `x_hearth_log="behind"` becomes a header."""
    more = {name.replace("_", "-").title(): said for name, said in headers.items()}
    return web.Response(body=encoded(value), headers={**_JSON, **more})


def encoded(value: object) -> bytes:
    """Return a value as JSON; half a surrogate pair, which a name may hold, becomes a question mark."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace")


def problem(found: Problem) -> Rendered:
    """Render a problem for the control API: kind, message and the next step apart."""
    return Rendered(found.http_status, tuple(_JSON.items()), told(found))


def told(found: Problem) -> bytes:
    """Return a problem as the JSON that the control API's clients read."""
    return _encode(
        {"error": {"kind": found.kind, "message": found.message, "who": found.who, "next_step": found.next_step}}
    )


async def order(visit: Visit, kind: type[Order]) -> Order:
    """Read the request's body as one kind of order. Raises `BadRequest`."""
    body = await read_body(visit.request, BODY_LIMIT)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"{error}.") from None


def admin(handler: Callable[[Visit], Awaitable[web.StreamResponse]]) -> Route:
    """Return a route that only the owner reaches: by the socket, with an admin token, or signed in at the dashboard."""
    return Route("admin", "ollama", handler=handler)
