"""The control API under `/hearth/v1/`: what CLI, tray and dashboard ask and order.

On the Unix socket, or with an admin token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web
from msgspec import Struct

from hearth.call import App, Call, Mode, Outline, Task
from hearth.chat import Need, Operation
from hearth.dialects import ollama
from hearth.dialects.dialect import Rendered
from hearth.outbound.loading import unload_model
from hearth.problems import BadRequest, Forbidden, NotFound, Problem, UnknownModel
from hearth.routing.explain import explain, read
from hearth.server import reports, snapshot
from hearth.server.intake import new_id, read_body
from hearth.server.routes import Route, Table, Visit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hearth.routing.targets import Target
    from hearth.server.core import Core

_encode = msgspec.json.Encoder().encode
_JSON = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"}
_LINES = {"Content-Type": "application/x-ndjson"}
_SSE = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
BODY_LIMIT = 1024 * 1024


class Named(Struct, forbid_unknown_fields=True):
    """An order about one model; the provider only where the name alone would not do."""

    model: str
    task: Task = "chat"
    mode: Mode | None = None


class ModeOrder(Struct, forbid_unknown_fields=True):
    """The run-time mode: null leaves it to the file. `kill` also ends every call that is in the cloud now."""

    mode: Mode | None


class UseOrder(Struct, forbid_unknown_fields=True):
    """The default model: null leaves it to the file."""

    model: str | None


def reply(value: object, status: int = 200) -> web.Response:
    """Return a value as JSON."""
    return web.Response(body=_encode(value), status=status, headers=_JSON)


def problem(found: Problem) -> Rendered:
    """Render a problem for the control API: kind, message and the next step apart."""
    body = {"error": {"kind": found.kind, "message": found.message, "who": found.who, "next_step": found.next_step}}
    return Rendered(found.http_status, tuple(_JSON.items()), _encode(body))


async def order(visit: Visit, kind: type[Any]) -> Any:  # noqa: ANN401 -- the kind says what comes back
    """Read the request's body as one kind of order. Raises `BadRequest`."""
    body = await read_body(visit.request, BODY_LIMIT)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BadRequest(f"{error}.") from None


async def status(visit: Visit) -> web.StreamResponse:
    """`GET status`."""
    return reply(snapshot.status(visit.core))


async def models(visit: Visit) -> web.StreamResponse:
    """`GET models`; asks the providers that have not been asked lately."""
    await visit.core.inventory.everywhere()
    return reply(snapshot.models(visit.core))


async def mode_now(visit: Visit) -> web.StreamResponse:
    """`GET mode`."""
    core = visit.core
    return reply({"mode": core.mode, "ceiling": core.generation.settings.mode, "switched": core.switches.mode})


async def set_mode(visit: Visit) -> web.StreamResponse:
    """`PUT mode`: tighten, or lift an earlier tightening; never looser than the file.

    Streams it forbids end at once.
    """
    wanted: ModeOrder = await order(visit, ModeOrder)
    core = visit.core
    core.switches.switch_mode(wanted.mode, core.generation.settings, str(core.generation.loaded.path))
    ended = core.apply_mode()
    core.events.say("mode", mode=core.mode, ended=ended)
    return reply({"mode": core.mode, "ended": ended})


async def default_now(visit: Visit) -> web.StreamResponse:
    """`GET default-model`."""
    settings = visit.core.generation.settings
    chosen = visit.core.switches.default_model(settings)
    return reply({"model": chosen or settings.default_model, "chosen": chosen is not None})


async def set_default(visit: Visit) -> web.StreamResponse:
    """`PUT default-model`: what a client gets that names no model, until the file's own choice changes."""
    wanted: UseOrder = await order(visit, UseOrder)
    core = visit.core
    if wanted.model is not None:
        resolved = core.catalog.resolve(wanted.model, "chat")
        if resolved.problem is not None:
            raise resolved.problem
        if resolved.kind == "missing":
            near = f"Names like it: {', '.join(resolved.near)}." if resolved.near else "See `hearth models`."
            raise UnknownModel(f"No model is called {wanted.model!r}.", next_step=near)
    core.switches.use(wanted.model, core.generation.settings)
    core.rebuild_catalog()
    core.events.say("default_model", model=wanted.model)
    return reply({"model": wanted.model})


async def load(visit: Visit) -> web.StreamResponse:
    """`POST models/load`: answers when the model is loaded."""
    target = _target(visit.core, await order(visit, Named))
    lane = visit.core.lane_of(target)
    if lane is None:
        raise BadRequest(f"{target.name} is not a model that Hearth loads.")
    await lane.loaded()
    await visit.core.inventory.refresh(target.provider)
    return reply({"loaded": target.name})


async def unload(visit: Visit) -> web.StreamResponse:
    """`POST models/unload`: give the memory back after the work in flight."""
    target = _target(visit.core, await order(visit, Named))
    await unload_model(visit.core.target(target.provider), target, visit.core.pool, visit.core.keys)
    lane = visit.core.lanes.get(target.name)
    if lane is not None and lane.idle:
        lane.note_loaded(0.0)
    await visit.core.inventory.refresh(target.provider)
    return reply({"unloaded": target.name})


async def pull(visit: Visit) -> web.StreamResponse:
    """`POST models/pull`: fetch a model; progress as NDJSON, until `success` or an error.

    Leaving does not end the pull.
    """
    wanted: Named = await order(visit, Named)
    core = visit.core
    if core.mode in ("offline", "lan"):
        raise Forbidden(
            f"A model pull needs a registry, which mode {core.mode} forbids.", next_step="See `hearth mode`."
        )
    response = web.StreamResponse(headers=_LINES)
    started = False
    async for progress in core.pulls.follow(wanted.model):
        if not started:
            await response.prepare(visit.request)
            started = True
        await response.write(_encode(progress) + b"\n")
    return response


async def remove(visit: Visit) -> web.StreamResponse:
    """`DELETE models/NAME`: forget a model of an Ollama on this machine."""
    target = _target(visit.core, Named(visit.rest))
    await visit.core.pulls.delete(target)
    return reply({"removed": target.name})


def _target(core: Core, wanted: Named) -> Target:
    resolution = core.catalog.resolve(wanted.model, wanted.task)
    if resolution.problem is not None:
        raise resolution.problem
    here = [target for target in resolution.targets if target.dialect == "ollama" and not target.remote]
    if not here:
        near = f"Names like it: {', '.join(resolution.near)}." if resolution.near else "See `hearth models`."
        raise UnknownModel(f"No local model is called {wanted.model!r}.", next_step=near)
    return here[0]


async def explained(visit: Visit) -> web.StreamResponse:
    """`POST explain`: what would happen to a request for that model now; nothing is asked or loaded."""
    wanted: Named = await order(visit, Named)
    core = visit.core
    operation, needs = _KINDS[wanted.task]
    outline = Outline("explain", operation, wanted.model, stream=True, needs=needs)
    call = Call(new_id(), "hearth", outline, {}, wanted.task, wanted.mode or core.mode, App(), 0, 0.0)
    return reply(explain(core.plan(call)))


_KINDS: dict[Task, tuple[Operation, frozenset[Need]]] = {
    "chat": ("chat", frozenset()),
    "autocomplete": ("complete", frozenset({"suffix"})),
    "embeddings": ("embed", frozenset({"embeddings"})),
}


async def calls(visit: Visit) -> web.StreamResponse:
    """`GET calls?limit=N&after=ID`: the newest calls from the usage log, newest first."""
    return reply(await reports.log(visit.core, visit.request.rel_url.query))


async def call(visit: Visit) -> web.StreamResponse:
    """`GET calls/ID`: one call with its attempts and its plan; one still in flight says where it stands."""
    live = visit.core.calls.get(visit.rest)
    if live is not None:
        return reply({"live": live.view()})
    entry = await reports.call(visit.core, visit.rest)
    if entry is None:
        raise NotFound(f"No call {visit.rest[:40]!r} is in the usage log.", next_step="`hearth log` lists them.")
    return reply(
        {"call": entry.call, "attempts": entry.attempts, "plan": read(entry.call.plan) if entry.call.plan else None}
    )


async def cancel(visit: Visit) -> web.StreamResponse:
    """`POST calls/ID/cancel`: end a call in flight."""
    call_id = visit.request.rel_url.path.removesuffix("/cancel").rpartition("/")[2]
    live = visit.core.calls.get(call_id)
    if live is None:
        raise NotFound("No such call is in flight.", next_step="`hearth status` lists those that are.")
    live.kill(Forbidden("This call was cancelled by the user of this machine."))
    return reply({"cancelled": call_id})


async def usage(visit: Visit) -> web.StreamResponse:
    """`GET usage?by=model|provider|key|app|place|day&since=&until=`."""
    return reply(await reports.usage(visit.core, visit.request.rel_url.query))


async def purge(visit: Visit) -> web.StreamResponse:
    """`DELETE usage`: empty the usage log."""
    return reply({"purged": await reports.purge(visit.core)})


async def events(visit: Visit) -> web.StreamResponse:
    """`GET events`: what happens, as server-sent events, from now on."""
    response = web.StreamResponse(headers=_SSE)
    await response.prepare(visit.request)
    queue = visit.core.events.watch()
    try:
        await response.write(b": listening\n\n")
        while True:
            happening = await queue.get()
            await response.write(b"event: %b\ndata: %b\n\n" % (happening.kind.encode(), _encode(happening)))
    finally:
        visit.core.events.unwatch(queue)


async def addresses(visit: Visit) -> web.StreamResponse:
    """`GET addresses`: where Hearth listens, and every address contacted since start."""
    shown = snapshot.status(visit.core)
    return reply({"listening": shown.listening, "contacted": shown.contacts})


async def reload(visit: Visit) -> web.StreamResponse:
    """`POST reload`: read the config again now. A bad one is refused and changes nothing."""
    said = await visit.core.reload()
    if said:
        raise BadRequest(said)
    return reply({"reloaded": str(visit.core.generation.loaded.path)})


async def stop(visit: Visit) -> web.StreamResponse:
    """`POST stop`: finish the calls in flight as far as the drain time allows, then end."""
    visit.core.ask_to_stop()
    return reply({"stopping": True})


async def config(visit: Visit) -> web.StreamResponse:
    """`GET config`: the settings in force, secrets left as references."""
    loaded = visit.core.generation.loaded
    return reply({"path": str(loaded.path), "settings": msgspec.to_builtins(loaded.settings, enc_hook=str)})


async def keys(visit: Visit) -> web.StreamResponse:
    """`GET keys`: the state of every key, by its id."""
    return reply(
        [{"provider": one.name, "keys": one.keys} for one in snapshot.status(visit.core).providers if one.keys]
    )


async def described(_: Visit) -> web.StreamResponse:
    """`GET openapi.json`: this API, described."""
    return reply(openapi())


def openapi() -> dict[str, object]:
    """Return the description of every route below /hearth/v1/, made from the table itself."""
    paths: dict[str, dict[str, object]] = {}
    for path, methods in TABLE.items():
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


def _admin(handler: Callable[[Visit], Awaitable[web.StreamResponse]]) -> Route:
    return Route("admin", ollama.SERVED, handler=handler)


_V1 = "/hearth/v1"
TABLE: Table = {
    f"{_V1}/status": {"GET": _admin(status)},
    f"{_V1}/models": {"GET": _admin(models)},
    f"{_V1}/models/pull": {"POST": _admin(pull)},
    f"{_V1}/models/load": {"POST": _admin(load)},
    f"{_V1}/models/unload": {"POST": _admin(unload)},
    f"{_V1}/models/…": {"DELETE": _admin(remove)},
    f"{_V1}/usage": {"GET": _admin(usage), "DELETE": _admin(purge)},
    f"{_V1}/calls": {"GET": _admin(calls)},
    f"{_V1}/calls/…": {"GET": _admin(call), "POST": _admin(cancel)},
    f"{_V1}/events": {"GET": _admin(events)},
    f"{_V1}/explain": {"POST": _admin(explained)},
    f"{_V1}/mode": {"GET": _admin(mode_now), "PUT": _admin(set_mode)},
    f"{_V1}/default-model": {"GET": _admin(default_now), "PUT": _admin(set_default)},
    f"{_V1}/addresses": {"GET": _admin(addresses)},
    f"{_V1}/reload": {"POST": _admin(reload)},
    f"{_V1}/stop": {"POST": _admin(stop)},
    f"{_V1}/config": {"GET": _admin(config)},
    f"{_V1}/keys": {"GET": _admin(keys)},
    f"{_V1}/openapi.json": {"GET": _admin(described)},
}
