"""The inference routes: a request comes in, is planned, answered by whom the plan names, sent on, and written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from time import monotonic, monotonic_ns
from typing import TYPE_CHECKING

from hearth.events import Done, Finished, FinishReason, Frame, Started
from hearth.outbound.fallback import Answering
from hearth.outbound.loading import keep_alive_seconds, unload_model
from hearth.outbound.soundness import unsound
from hearth.outbound.tickets import Superseded, Ticket
from hearth.outbound.upstream import Asked
from hearth.problems import Internal, ModelMissing, Problem, ProviderProblem
from hearth.server import web
from hearth.server.app_limits import refusal, tokens_of
from hearth.server.bookkeeping import note
from hearth.server.counting import tell_count
from hearth.server.delivery import Delivery
from hearth.server.direct import WholeReply
from hearth.server.gone import planned_anew
from hearth.server.intake import Inference, take_in
from hearth.server.live import LiveCall
from hearth.server.second_look import plan_again
from hearth.server.surroundings import CallSurroundings

if TYPE_CHECKING:
    from hearth.dialects.dialect import Served
    from hearth.outbound.lanes import Lane
    from hearth.record import Ending
    from hearth.routing.plan import Candidate, Plan
    from hearth.server.core import Core
    from hearth_config.settings import Retry

log = logging.getLogger("hearth.llm")


async def answer(core: Core, request: web.BaseRequest, inference: Inference) -> web.StreamResponse:
    """Answer one inference request.

    Problems before a call exists are raised; all others are rendered, and written down.
    """
    call = await take_in(core, request, inference)
    served = inference.served
    live = LiveCall(call, request.task)
    core.calls.add(live)
    delivery = Delivery(request, call, served, inference.cors)
    answering = _answer(core, live, served, delivery)
    try:
        return await (answering if core.bodies is None else _heard(core, request, live, delivery, answering))
    finally:
        delivery.close()
        core.calls.remove(call.id)
        if live.slip is not None:
            live.slip.leave(tokens_of(live))


def _heard(
    core: Core, request: web.BaseRequest, live: LiveCall, delivery: Delivery, answer: Awaitable[web.StreamResponse]
) -> Awaitable[web.StreamResponse]:
    """Keep what is said in a call."""
    from hearth.server.hearing import heard  # not before somebody wants it

    return heard(core, request, live.call, delivery, answer)


async def _answer(core: Core, live: LiveCall, served: Served, delivery: Delivery) -> web.StreamResponse:
    call = live.call
    made = core.plan(call)
    if made.resolution.kind == "missing":
        made = await _looked_again(core, live, made, delivery)
    delivery.planned_ns = monotonic_ns()
    asked = Asked(call, served, core.sealed)
    refused = made.problem or unsound(asked, made)
    if refused is None and core.app_limits is not None:
        refused = refusal(core, live)
    if refused is not None:
        response: web.StreamResponse = delivery.refuse(refused)
        note(core, live, made, delivery, "refused", refused)
        return response
    if "options" in call.members:
        core.wished.look(call, made.candidates[0].target)
    live.answering = Answering(asked, made, CallSurroundings(core), delivery, _ticket(live))
    ending: Ending = "complete"
    try:
        outcome: web.StreamResponse | Problem = await _run(core, live, served, made, delivery)
    except Problem as failed:
        ending, outcome = ("truncated" if delivery.committed else _unanswered(live)), failed.let_go()
    except asyncio.CancelledError:
        if live.killed_by is None:
            note(core, live, made, delivery, "client_gone", None)
            raise
        ending, outcome = "killed", live.killed_by
        _stay()
    except ConnectionError:
        note(core, live, made, delivery, "client_gone", None)
        raise
    except Exception:
        log.exception("call %s failed inside Hearth", call.id)
        ending, outcome = "failed", Internal("Hearth failed.", next_step=f"Its log has more, under call {call.id}.")
    problem = outcome if isinstance(outcome, Problem) else None
    try:
        response = await delivery.fail(outcome) if isinstance(outcome, Problem) else outcome
        await _send_off(delivery, response)
    finally:
        note(core, live, made, delivery, ending, problem)
    return response


async def _looked_again(core: Core, live: LiveCall, made: Plan, delivery: Delivery) -> Plan:
    """Return the plan after another look for a model that nobody knows; a call that ends meanwhile is written down."""
    try:
        return await plan_again(core, live.call, made)
    except asyncio.CancelledError:
        note(core, live, made, delivery, "client_gone" if live.killed_by is None else "killed", live.killed_by)
        if live.killed_by is None:
            raise
        _stay()
        raise live.killed_by from None


def _unanswered(live: LiveCall) -> Ending:
    """Return how a call ended that nobody answered: refused, where a budget or a key's limit kept it from everybody."""
    attempts = live.answering.attempts if live.answering is not None else ()
    return "refused" if attempts and all(one.ending == "refused" for one in attempts) else "failed"


async def _send_off(delivery: Delivery, response: web.StreamResponse) -> None:
    """Let the client have its answer before anything is written down."""
    try:
        if type(response) is WholeReply and response.send(delivery.request):
            return
        await response.prepare(delivery.request)
        await response.write_eof()
    except ConnectionError:
        delivery.status = 0


async def _run(core: Core, live: LiveCall, served: Served, made: Plan, delivery: Delivery) -> web.StreamResponse:
    if live.call.outline.counts:
        return await tell_count(core, live, served, made, delivery)
    if live.call.outline.empty:
        core.warm(made)
        await _load_or_unload(core, live, made, delivery)
    elif live.answering is not None:
        try:
            await _ask(core, live, live.answering, made, delivery)
        except ModelMissing as missing:
            if delivery.committed:
                raise
            again = planned_anew(core, live, made, missing)
            live.answering.plan = again
            await _ask(core, live, live.answering, again, delivery)
    return await delivery.finish() if live.call.outline.stream else delivery.whole()


def _ask(core: Core, live: LiveCall, answering: Answering, made: Plan, delivery: Delivery) -> Awaitable[None]:
    """Ask those of the plan, or the cache before them."""
    if core.cache is not None:
        return core.cache.answer(live, answering, delivery, _retry(core, made))
    core.warm(made)
    return answering.run(_retry(core, made))


async def _load_or_unload(core: Core, live: LiveCall, made: Plan, delivery: Delivery) -> None:
    """Load the model that an empty request names or, with `keep_alive: 0`, give its memory back.

    Both are the lane's business, not the caller's. A model that no Ollama runs is neither loaded nor unloaded, and
    nobody is asked: `ollama run` sends such a request at each start.
    """
    call, candidate = live.call, made.candidates[0]
    ours = candidate.target.dialect == "ollama"
    lane = core.lanes.of(candidate.target)
    wanted = call.outline.keep_alive
    unload = wanted is not None and keep_alive_seconds(wanted) == 0
    if unload and ours:
        await unload_model(core.target(candidate.target.provider), candidate.target, core.pool, core.keys)
        if lane is not None and lane.idle:
            lane.note_loaded(0.0)
    elif ours and lane is not None:
        await _load(live, lane, candidate)
    reason: FinishReason = "unload" if unload else "load"
    delivery.own_words = True
    await delivery.take(
        [Frame(b"", (Started(model=call.outline.model), Finished(reason, reason), Done()))], meaningful=True
    )


async def _load(live: LiveCall, lane: Lane, candidate: Candidate) -> None:
    since = monotonic()
    try:
        await lane.loaded()
    except ProviderProblem as problem:
        if live.answering is not None:
            live.answering.note_load(candidate, problem, monotonic() - since)
        raise


def _stay() -> None:
    """Live on although our task was cancelled: that was our own way of ending the call, not the client's leaving."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


def _ticket(live: LiveCall) -> Ticket:
    """Autocompletions of one editor compete: the newest keystroke wins (pain 16)."""
    call = live.call
    if call.task != "autocomplete":
        return Ticket()
    gone = Superseded("A newer completion request took this one's place.")
    return Ticket(f"{call.app.name}|{call.app.user_agent}", lambda: live.kill(gone))


def _retry(core: Core, made: Plan) -> Retry:
    """The rules of the last provider that may be asked: it is the one asked again."""
    return core.target(made.candidates[-1].target.provider).settings.retry
