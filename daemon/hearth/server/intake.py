"""From an HTTP request to a call: its body, the caller's wishes, and what kind of task it is.

The body is read within its limits and its deadline.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from math import inf
from random import getrandbits
from time import monotonic_ns, time
from typing import TYPE_CHECKING

import msgspec
from aiohttp import hdrs
from aiohttp.helpers import RequestKey
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError
from msgspec import UNSET, Struct
from multidict import istr

from hearth.call import MODES, App, Call, Mode, Outline, Task, Wishes, tightest
from hearth.chat import Members
from hearth.dialects.body import cut
from hearth.dialects.dialect import Served, ServedByPath
from hearth.problems import BadRequest, SlowRequest, TooLarge
from hearth.server.compressed import check_coding, unpack
from hearth.server.connection import BROKEN_BODY, Connection, patience_of
from hearth.server.heavy import LIGHT

if TYPE_CHECKING:
    from hearth.server import web
    from hearth.server.core import Core
    from hearth.server.guard import Headers, Principal

_MIB = 1024 * 1024
_MODE = istr("X-Hearth-Mode")
_MAX_COST = istr("X-Hearth-Max-Cost")


BODY = RequestKey("body", bytes)
"""Where a request has its body while what is said is kept."""


def new_id() -> str:
    """Return a call's id: 26 characters of [0-9a-f], the first 13 growing with time."""
    return "%026x" % (int(time() * 1e6) << 52 | getrandbits(52))


async def read_body(request: web.BaseRequest, limit: int) -> bytes:
    """Return the body.

    One that came as zstd is decoded where clients send such. Raises `TooLarge`, `SlowRequest`, `WrongMediaType` for any
    other coding (T25), `BadRequest` for a broken one.
    """
    coding = request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower()
    if coding == "identity":
        return await _received(request, limit)
    check_coding(coding, request.rel_url.raw_path)
    return unpack(await _received(request, limit), limit)


def _at_hand(request: web.BaseRequest, limit: int) -> bytes:
    """Return a body that has come already, as most have, and needs no decoding; b"" where it must be read."""
    content = request.content
    if content.is_eof() and content.total_bytes <= limit and hdrs.CONTENT_ENCODING not in request.headers:
        return content.read_nowait()
    return b""


async def _received(request: web.BaseRequest, limit: int) -> bytes:
    content = request.content
    if content.is_eof() and content.total_bytes <= limit:
        return content.read_nowait()
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge(
            f"The body has {length} bytes; {limit} are allowed.", next_step="Raise body_limit under [listen]."
        )
    if length is not None and length > LIGHT:
        await _hold(request, length)
    try:
        async with asyncio.timeout(patience_of(request.protocol).body_s + (length or 0) / _MIB):
            return await _gather(request, limit)
    except TimeoutError:
        raise SlowRequest("The body did not arrive in time.") from None


async def _hold(request: web.BaseRequest, size: int) -> None:
    connection = request.protocol
    if isinstance(connection, Connection):
        await connection.heavy.take(connection, size)


async def _gather(request: web.BaseRequest, limit: int) -> bytes:
    pieces: list[bytes] = []
    size, light = 0, LIGHT if request.content_length is None else limit
    async for piece in arriving(request):
        size += len(piece)
        if size > limit:
            raise TooLarge(f"The body is over {limit} bytes.", next_step="Raise body_limit under [listen].")
        if size > light:  # its length was not told
            light *= 2
            await _hold(request, light)
        pieces.append(piece)
    return b"".join(pieces)


async def arriving(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield the body as it comes. Raises `BadRequest` where what comes is no body any more (T23)."""
    try:
        async for piece in request.content.iter_any():
            yield piece
    except (HttpProcessingError, RequestPayloadError):
        raise BadRequest(BROKEN_BODY) from None


def take_wishes(members: Members, headers: Headers) -> Wishes:
    """Take the `"hearth"` member out and lay the header twins over it: the tighter one holds, however often it is said.

    Raises `BadRequest` naming what is wrong.
    """
    wished = members.pop("hearth", None)
    try:
        wishes = msgspec.json.decode(wished, type=Wishes) if wished is not None else _NO_WISHES
    except msgspec.ValidationError as error:
        raise BadRequest(f"hearth: {error}.", param="hearth") from None
    for mode in headers.getall(_MODE, []):
        wishes = msgspec.structs.replace(wishes, mode=_mode(mode, wishes))
    for cost in headers.getall(_MAX_COST, []):
        wishes = msgspec.structs.replace(wishes, max_cost=_lowest(_cost(cost), wishes))
    if wishes.max_cost is not UNSET and not 0 <= wishes.max_cost < inf:
        raise BadRequest("hearth: max_cost is not a sum of money, 0 or more.", param="hearth")
    return wishes


_NO_WISHES = Wishes()


def _mode(text: str, wishes: Wishes) -> Mode:
    found = next((mode for mode in MODES if mode == text.strip().lower()), None)
    if found is None:
        raise BadRequest(f"X-Hearth-Mode: {text[:40]!r} is no mode.", next_step=f"Use one of {', '.join(MODES)}.")
    return found if wishes.mode is UNSET else tightest(found, wishes.mode)


def _cost(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest(f"X-Hearth-Max-Cost: {text[:40]!r} is no number.") from None


def _lowest(cost: float, wishes: Wishes) -> float:
    return cost if wishes.max_cost is UNSET else min(cost, wishes.max_cost)


def task_of(outline: Outline) -> Task:
    """Say what kind of request it is: the route and the body tell (design §8)."""
    if outline.operation == "embed":
        return "embeddings"
    return "autocomplete" if "suffix" in outline.needs or outline.autocomplete else "chat"


MODELS = "models"
"""The collection whose name is no part of a model's; any other's is ("tunedModels/mine")."""


class Inference(Struct, frozen=True):
    """A request past the guard that wants an answer of a model: in which dialect, on which of its routes, and whose."""

    served: Served
    route: str
    rest: str
    """What follows the route's prefix: where a dialect names model and verb in the path."""
    principal: Principal
    app: App
    cors: Mapping[str, str]


async def take_in(core: Core, request: web.BaseRequest, inference: Inference) -> Call:
    """Read a whole request into a call. Raises what is wrong with it, to be rendered in the served dialect."""
    received_ns = monotonic_ns()
    limit = core.generation.settings.listen.body_limit
    body = _at_hand(request, limit) or await read_body(request, limit)
    if core.bodies is not None:
        request[BODY] = body
    members = cut(body)
    wishes = take_wishes(members, request.headers)
    served, route = inference.served, inference.route
    if inference.rest and isinstance(served, ServedByPath):
        collection = "" if route == MODELS else f"{route}/"
        route, said = served.locate(collection + inference.rest, request.rel_url.query)
        members |= said
    outline = served.outline(route, members)
    if outline.max_tokens is not None and outline.max_tokens < 0:  # engines take -1 for any number; it is no credit
        outline = msgspec.structs.replace(outline, max_tokens=None)
    if wishes is not _NO_WISHES:
        outline = msgspec.structs.replace(outline, wishes=wishes)
    if served.passes:
        outline = msgspec.structs.replace(outline, headers=_kept(request.headers, served.passes))
    return Call(
        id=new_id(),
        dialect=served.name,
        outline=outline,
        members=members,
        task=task_of(outline),
        mode=call_mode(core, wishes, inference.principal, inference.app),
        app=inference.app,
        received_ns=received_ns,
        wall=time(),
        kept=core.keys.belongings.of(outline.kept) if outline.kept else (),
    )


def _kept(headers: Headers, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name in names for value in headers.getall(name, []))


def call_mode(core: Core, wishes: Wishes, principal: Principal, app: App) -> Mode:
    """The tightest of everything that has a say: file, switch, app, the call itself, and what an unknown caller may."""
    mode = core.mode
    if wishes.mode is not UNSET:
        mode = tightest(mode, wishes.mode)
    settings = core.generation.settings.apps.get(app.name) if app.name else None
    if settings is not None and settings.mode is not None:
        mode = tightest(mode, settings.mode)
    return tightest(mode, "offline") if principal.local_only else mode
