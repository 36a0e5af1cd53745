"""The control API under `/hearth/v1/`: what CLI, tray and dashboard ask and order.

On the Unix socket, or with an admin token.
"""

from __future__ import annotations

import msgspec
from aiohttp import web
from msgspec import Struct

from hearth.call import App, Call, Mode, Outline, Task
from hearth.chat import Need, Operation
from hearth.problems import BadRequest, Forbidden, NotFound, UnknownModel
from hearth.routing.explain import explain, read
from hearth.server import control_models, reports, snapshot
from hearth.server.intake import new_id
from hearth.server.orders import PREFIX, Named, admin, order, reply
from hearth.server.routes import Table, Visit

_encode = msgspec.json.Encoder().encode
_SSE = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}


class ModeOrder(Struct, forbid_unknown_fields=True):
    """The run-time mode: null leaves it to the file. `kill` also ends every call that is in the cloud now."""

    mode: Mode | None


class UseOrder(Struct, forbid_unknown_fields=True):
    """The default model: null leaves it to the file."""

    model: str | None


async def status(visit: Visit) -> web.StreamResponse:
    """`GET status`."""
    return reply(snapshot.status(visit.core))


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
    for path, methods in (TABLE | control_models.TABLE).items():
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


TABLE: Table = {
    f"{PREFIX}/status": {"GET": admin(status)},
    f"{PREFIX}/usage": {"GET": admin(usage), "DELETE": admin(purge)},
    f"{PREFIX}/calls": {"GET": admin(calls)},
    f"{PREFIX}/calls/…": {"GET": admin(call), "POST": admin(cancel)},
    f"{PREFIX}/events": {"GET": admin(events)},
    f"{PREFIX}/explain": {"POST": admin(explained)},
    f"{PREFIX}/mode": {"GET": admin(mode_now), "PUT": admin(set_mode)},
    f"{PREFIX}/default-model": {"GET": admin(default_now), "PUT": admin(set_default)},
    f"{PREFIX}/addresses": {"GET": admin(addresses)},
    f"{PREFIX}/reload": {"POST": admin(reload)},
    f"{PREFIX}/stop": {"POST": admin(stop)},
    f"{PREFIX}/config": {"GET": admin(config)},
    f"{PREFIX}/keys": {"GET": admin(keys)},
    f"{PREFIX}/openapi.json": {"GET": admin(described)},
}
