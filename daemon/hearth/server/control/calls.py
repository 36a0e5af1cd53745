"""The control API's questions about calls: those to come, in flight and past, and what they add up to."""

from __future__ import annotations

import asyncio

from hearth.call import App, Call, Outline, Task
from hearth.chat import Need, Operation
from hearth.problems import Cancelled, NotFound
from hearth.routing.explain import explain, read
from hearth.server import web
from hearth.server.control import bodies, reports
from hearth.server.control.orders import PREFIX, STRICT, Named, admin, order, reply
from hearth.server.intake import new_id
from hearth.server.routes import Table, Visit
from hearth.server.second_look import plan_again

TOGETHER_S = 0.1
"""What happens within so long of each other is sent at once: hundreds of calls a second cost one write each time."""
_SSE = {"Content-Type": "text/event-stream", **STRICT}


async def explained(visit: Visit) -> web.StreamResponse:
    """`POST explain`: what would happen to a request for that model now; no model is asked or loaded."""
    wanted = await order(visit, Named)
    core = visit.core
    operation, needs = _KINDS[wanted.task]
    outline = Outline("explain", operation, wanted.model, stream=True, needs=needs)
    call = Call(new_id(), "hearth", outline, {}, wanted.task, wanted.mode or core.mode, App(), 0, 0.0)
    made = core.plan(call)
    return reply(explain(await plan_again(core, call, made) if made.resolution.kind == "missing" else made))


_KINDS: dict[Task, tuple[Operation, frozenset[Need]]] = {
    "chat": ("chat", frozenset()),
    "autocomplete": ("complete", frozenset({"suffix"})),
    "embeddings": ("embed", frozenset({"embeddings"})),
    "images": ("chat", frozenset({"images"})),
    "tools": ("chat", frozenset({"tools"})),
    "long_context": ("chat", frozenset()),
    "summary": ("chat", frozenset()),
    "code": ("chat", frozenset()),
}


async def calls(visit: Visit) -> web.StreamResponse:
    """`GET calls?limit=N&after=ID&app=&target=&place=&ending=&since=&until=`: those that fit, newest first.

    `X-Hearth-Log: behind` says that the disk has yet to take calls that have ended; else it is `whole`.
    """
    listed = await reports.log(visit.core, visit.request.rel_url.query)
    return reply(listed.calls, x_hearth_log="behind" if listed.behind else "whole")


async def call(visit: Visit) -> web.StreamResponse:
    """`GET calls/ID?bodies=1`: one call with its attempts and its plan; one still in flight says where it stands.

    With `bodies`, also what was asked and answered, where `usage.bodies` kept it.
    """
    live = visit.core.calls.get(visit.rest)
    if live is not None:
        return reply({"live": live.view()})
    entry = await reports.call(visit.core, visit.rest)
    if entry is None:
        raise NotFound(f"No call {visit.rest[:40]!r} is in the usage log.", next_step="`hearth log` lists them.")
    told = {"call": entry.call, "attempts": entry.attempts, "plan": read(entry.call.plan) if entry.call.plan else None}
    if visit.request.rel_url.query.get("bodies"):
        told["said"] = await bodies.said(visit.core, entry.call.id)
    return reply(told)


async def cancel(visit: Visit) -> web.StreamResponse:
    """`POST calls/ID/cancel`: end a call in flight."""
    call_id = visit.request.rel_url.path.removesuffix("/cancel").rpartition("/")[2]
    live = visit.core.calls.get(call_id)
    if live is None:
        raise NotFound("No such call is in flight.", next_step="`hearth status` lists those that are.")
    live.kill(Cancelled("This call was cancelled by the user of this machine."))
    return reply({"cancelled": call_id})


async def usage(visit: Visit) -> web.StreamResponse:
    """`GET usage?by=model|target|provider|key|app|place|day&since=&until=`: sums, times and savings (docs/usage.md)."""
    return reply(await reports.usage(visit.core, visit.request.rel_url.query))


async def purge(visit: Visit) -> web.StreamResponse:
    """`DELETE usage?only=bodies`: empty the usage log and delete what `usage.bodies` has kept, or only that."""
    if visit.request.rel_url.query.get("only") == "bodies":
        return reply({"purged": await bodies.purge(visit.core)})
    await bodies.purge(visit.core)
    purged = await reports.purge(visit.core)
    visit.core.reckoner.forget()
    return reply({"purged": purged})


async def events(visit: Visit) -> web.StreamResponse:
    """`GET events`: what happens, as server-sent events, from now on."""
    response = web.StreamResponse(headers=_SSE)
    await response.prepare(visit.request)
    watcher = visit.core.events.watch()
    try:
        await response.write(b": listening\n\n")
        visit.core.calls.moved()
        while told := await watcher.next():
            await response.write(told)
            await asyncio.sleep(TOGETHER_S)
    finally:
        visit.core.events.unwatch(watcher)
    return response


TABLE: Table = {
    f"{PREFIX}/explain": {"POST": admin(explained)},
    f"{PREFIX}/calls": {"GET": admin(calls)},
    f"{PREFIX}/calls/…": {"GET": admin(call), "POST": admin(cancel)},
    f"{PREFIX}/usage": {"GET": admin(usage), "DELETE": admin(purge)},
    f"{PREFIX}/events": {"GET": admin(events)},
}
