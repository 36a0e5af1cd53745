"""The control API's orders about the daemon itself: its state, its switches, its config and its end."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from hearth.call import Mode
from hearth.problems import BadRequest, Forbidden, UnknownModel
from hearth.routing.near import names_like
from hearth.server import web
from hearth.server.control import snapshot
from hearth.server.control.orders import PREFIX, admin, order, reply
from hearth.server.routes import Table, Visit
from hearth.server.second_look import resolved


class ModeOrder(Struct, forbid_unknown_fields=True):
    """The run-time mode: null leaves it to the file."""

    mode: Mode | None


class SealHolds(Forbidden):
    """The kernel holds mode offline, and nobody can have it let go."""

    kind = "sealed"


class UseOrder(Struct, forbid_unknown_fields=True):
    """The default model: null leaves it to the file."""

    model: str | None


async def status(visit: Visit) -> web.StreamResponse:
    """`GET status`: what Hearth is doing, as `hearth status` shows it."""
    return reply(snapshot.status(visit.core))


async def mode_now(visit: Visit) -> web.StreamResponse:
    """`GET mode`: the privacy mode in force, the ceiling of the file, and the mode that was switched to."""
    core = visit.core
    return reply({"mode": core.mode, "ceiling": core.generation.settings.mode, "switched": core.switches.mode})


async def set_mode(visit: Visit) -> web.StreamResponse:
    """`PUT mode`: tighten, or lift an earlier tightening; never looser than the file.

    Streams it forbids end at once.
    """
    wanted = await order(visit, ModeOrder)
    core = visit.core
    if wanted.mode not in (None, "offline") and core.pool.egress.seal is not None:
        raise SealHolds(
            f"Hearth is sealed and stays offline: mode {wanted.mode} takes effect when Hearth is started anew.",
            next_step="Take sealed out of hearth.toml (or leave --sealed out), set mode there, then `hearth restart`.",
        )
    core.switches.switch_mode(wanted.mode, core.generation.settings, str(core.generation.loaded.path))
    ended = core.apply_mode()
    core.events.say("mode", mode=core.mode, ended=ended)
    return reply({"mode": core.mode, "ended": ended})


async def default_now(visit: Visit) -> web.StreamResponse:
    """`GET default-model`: what a client gets that names no model, and whether that was chosen at run time."""
    settings = visit.core.generation.settings
    chosen = visit.core.switches.default_model(settings)
    return reply({"model": chosen or settings.default_model, "chosen": chosen is not None})


async def set_default(visit: Visit) -> web.StreamResponse:
    """`PUT default-model`: what a client gets that names no model, until the file's own choice changes."""
    wanted = await order(visit, UseOrder)
    core = visit.core
    note = ""
    if wanted.model is not None:
        found = await resolved(core, wanted.model, "chat")
        if found.problem is not None:
            raise found.problem
        if found.kind == "missing":
            raise UnknownModel(f"No model is called {wanted.model!r}.", next_step=names_like(found.near))
        note = f"Whether it is there is not known: {found.how}." if found.kind == "unlisted" else ""
    core.switches.use(wanted.model, core.generation.settings)
    core.rebuild_catalog()
    core.events.say("default_model", model=wanted.model)
    return reply({"model": wanted.model, "note": note})


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


TABLE: Table = {
    f"{PREFIX}/status": {"GET": admin(status)},
    f"{PREFIX}/mode": {"GET": admin(mode_now), "PUT": admin(set_mode)},
    f"{PREFIX}/default-model": {"GET": admin(default_now), "PUT": admin(set_default)},
    f"{PREFIX}/addresses": {"GET": admin(addresses)},
    f"{PREFIX}/config": {"GET": admin(config)},
    f"{PREFIX}/reload": {"POST": admin(reload)},
    f"{PREFIX}/stop": {"POST": admin(stop)},
}
