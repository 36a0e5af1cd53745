"""The kill switch: stop everything that leaves this machine, at once and until it is lifted."""

from __future__ import annotations

from hearth.server import web
from hearth.server.control.orders import PREFIX, admin, reply
from hearth.server.routes import Table, Visit


async def look(visit: Visit) -> web.StreamResponse:
    """`GET kill-switch`: whether it holds."""
    return reply({"stopped": visit.core.switches.stopped, "mode": visit.core.mode})


async def throw(visit: Visit) -> web.StreamResponse:
    """`POST kill-switch`: stop everything that leaves this machine.

    Streams, waits and pulls that leave end now, each with an error its client reads; mode offline holds, over
    restarts too, until it is lifted or another mode is chosen. What is under way ends before anything is written.
    """
    core = visit.core
    core.switches.stop_everything()
    ended = core.apply_mode()
    core.events.say("kill_switch", stopped=True, ended=ended)
    core.switches.keep_stop()
    return reply({"stopped": True, "mode": core.mode, "ended": ended})


async def lift(visit: Visit) -> web.StreamResponse:
    """`DELETE kill-switch`: lift it; the mode is again what it was switched to before, or the file's."""
    core = visit.core
    core.switches.lift_stop()
    core.apply_mode()
    core.events.say("kill_switch", stopped=False, mode=core.mode)
    return reply({"stopped": False, "mode": core.mode})


TABLE: Table = {f"{PREFIX}/kill-switch": {"GET": admin(look), "POST": admin(throw), "DELETE": admin(lift)}}
