"""What is written down of a call when it has ended, and told to those who watch."""

from __future__ import annotations

from math import fsum
from time import monotonic_ns
from typing import TYPE_CHECKING, Protocol

from hearth.record import Attempt, CallRecord, Entry
from hearth.routing.explain import compact

if TYPE_CHECKING:
    from hearth.problems import Problem
    from hearth.record import Ending
    from hearth.routing.plan import Plan
    from hearth.server.core import Core
    from hearth.server.live import LiveCall

MILLION = 1_000_000


class Sent(Protocol):
    """What a client got of a call: its status, when its first byte left, and how long that was our own doing."""

    status: int
    first_byte_ns: int

    def overhead_ms(self) -> float:
        """Our own time before the first byte, in milliseconds."""
        ...


MAX_NAME = 200
NOBODY = Attempt("", 0, "", "", "", "", "", 0.0, "refused")
"""Who answered a call that nobody was asked for."""


def note(core: Core, live: LiveCall, plan: Plan, delivery: Sent, ending: Ending, problem: Problem | None) -> None:
    """Hand the call and its attempts to the ledger. Never raises, never waits."""
    answering = live.answering
    attempts = tuple(answering.attempts) if answering is not None else ()
    if plan.refused and core.till.active:
        core.till.saw(live.call, plan)
    record = _record(live, plan, delivery, ending, problem, attempts)
    told(core, Entry(record, attempts))


def told(core: Core, entry: Entry) -> None:
    """Hand a call that has ended to the ledger and to those who watch. Never raises, never waits."""
    record = entry.call
    core.ledger.add(entry)
    core.figures.count(entry)
    if core.events.watched:
        _show(core, record)
    if record.problem or record.ending != "complete":
        core.events.say(
            "call_ended",
            call=record.id,
            ending=record.ending,
            problem=record.problem,
            target=entry.attempts[-1].target if entry.attempts else "",
        )


def _show(core: Core, record: CallRecord) -> None:
    """Tell who watches what a line of `hearth log` says; nothing that was said in the call."""
    core.events.show(
        "call",
        id=record.id,
        app=record.app,
        asked=record.asked,
        target=record.target,
        place=record.place,
        reason=record.reason,
        ending=record.ending,
        ms=round(record.total_ms, 1),
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        estimated=record.estimated,
    )


def _record(
    live: LiveCall,
    plan: Plan,
    delivery: Sent,
    ending: Ending,
    problem: Problem | None,
    attempts: tuple[Attempt, ...],
) -> CallRecord:
    call, last = live.call, attempts[-1] if attempts else live.hit or NOBODY
    now = monotonic_ns()
    first = delivery.first_byte_ns
    told = plan.refused or plan.sorted_by or plan.called_by
    simple = len(plan.candidates) == 1 and not (told or plan.candidates[0].verdicts)
    # In the order of the fields: to name so many of them takes longer than all else in here.
    return CallRecord(
        call.id,
        call.wall,
        call.app.name,
        call.dialect,
        call.outline.route,
        plan.resolution.task,
        call.outline.model[:MAX_NAME],
        plan.mode,
        call.outline.stream,
        last.target,
        last.place,
        _why_refused(problem) if last is NOBODY else last.reason,
        len(attempts),
        ending,
        problem.kind if problem is not None else "",
        problem.text[:300] if problem is not None else "",
        delivery.status,
        last.input_tokens,
        last.output_tokens,
        last.cached_tokens,
        last.estimated,
        _total_cost(attempts) if attempts or last is NOBODY else last.cost,
        last.currency,
        live.answering.queued_s * 1000 if live.answering is not None else 0.0,
        (first - call.received_ns) / MILLION if first else None,
        (now - call.received_ns) / MILLION,
        delivery.overhead_ms(),
        call.app.user_agent[:MAX_NAME],
        "" if simple else compact(plan),
    )


def _why_refused(problem: Problem | None) -> str:
    return f"refused:{problem.kind}" if problem is not None else ""


def _total_cost(attempts: tuple[Attempt, ...]) -> float | None:
    """Sum the attempts' costs; one unknown makes the sum unknown, never smaller.

    An attempt that failed before any token cost nothing, and so did a call that nobody was asked for.
    """
    if len(attempts) == 1:
        return attempts[0].cost if attempts[0].cost is not None or attempts[0].cost_source == "unknown" else 0.0
    if any(one.cost is None and one.cost_source == "unknown" for one in attempts):
        return None
    billed = [one for one in attempts if one.cost]
    if len({one.currency for one in billed}) > 1:
        return None
    return fsum(one.cost or 0.0 for one in billed)
