"""The control API's orders about models: load, unload, fetch, forget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hearth.outbound.loading import unload_model
from hearth.problems import BadRequest, Forbidden, Problem, UnknownModel
from hearth.routing.near import names_like, shown
from hearth.routing.targets import same_name
from hearth.server import web
from hearth.server.control import snapshot
from hearth.server.control.orders import PREFIX, STRICT, Named, admin, order, reply, told
from hearth.server.routes import Table, Visit
from hearth.server.second_look import resolved

if TYPE_CHECKING:
    from hearth.routing.targets import Target
    from hearth.server.core import Core

_encode = msgspec.json.Encoder().encode
_LINES = {"Content-Type": "application/x-ndjson", **STRICT}


async def models(visit: Visit) -> web.StreamResponse:
    """`GET models?abilities=1`: what may be asked for; asks the providers that have not been asked lately."""
    await visit.core.inventory.everywhere()
    return reply(snapshot.models(visit.core, abilities=visit.request.rel_url.query.get("abilities") == "1"))


async def load(visit: Visit) -> web.StreamResponse:
    """`POST models/load`: answers when the model is loaded."""
    target = await _target(visit.core, await order(visit, Named))
    lane = visit.core.lanes.of(target)
    if lane is None:
        raise BadRequest(f"{target.name} is not a model that Hearth loads.")
    await lane.loaded()
    await visit.core.inventory.refresh(target.provider)
    return reply({"loaded": target.name})


async def unload(visit: Visit) -> web.StreamResponse:
    """`POST models/unload`: give the memory back after the work in flight."""
    target = await _target(visit.core, await order(visit, Named))
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
    response = web.StreamResponse(headers=_LINES)
    started = False
    try:
        async for progress in visit.core.pulls.follow(wanted.model):
            if not started:
                await response.prepare(visit.request)
                started = True
            await response.write(_encode(progress) + b"\n")
    except Problem as problem:
        if not started:
            raise
        await response.write(told(problem) + b"\n")
    return response


async def remove(visit: Visit) -> web.StreamResponse:
    """`DELETE models/NAME`: forget a model of an Ollama on this machine."""
    target = await _target(visit.core, Named(visit.rest))
    if same_name(visit.rest) not in {same_name(name) for name in (target.model, target.name, f"local/{target.model}")}:
        raise BadRequest(
            f"{shown(visit.rest)!r} stands for {target.name}, and only a model named by its own name is deleted.",
            next_step=f"If you mean it: `hearth rm {target.name}`.",
        )
    if target.place != "machine":
        raise Forbidden(f"{target.name} is on another machine.", next_step="Delete it there.")
    await visit.core.pulls.delete(target)
    return reply({"removed": target.name})


async def _target(core: Core, wanted: Named) -> Target:
    resolution = await resolved(core, wanted.model, wanted.task)
    if resolution.problem is not None:
        raise resolution.problem
    here = [target for target in resolution.targets if target.dialect == "ollama" and not target.remote]
    if not here:
        raise UnknownModel(f"No local model is called {wanted.model!r}.", next_step=names_like(resolution.near))
    return here[0]


TABLE: Table = {
    f"{PREFIX}/models": {"GET": admin(models)},
    f"{PREFIX}/models/pull": {"POST": admin(pull)},
    f"{PREFIX}/models/load": {"POST": admin(load)},
    f"{PREFIX}/models/unload": {"POST": admin(unload)},
    f"{PREFIX}/models/…": {"DELETE": admin(remove)},
}
