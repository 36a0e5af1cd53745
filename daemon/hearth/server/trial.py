"""A question of Hearth's own to one provider, by the ordinary path: planned, asked, and written down like any call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic_ns, time
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from hearth.call import App, Call
from hearth.dialects.body import raw
from hearth.events import Frame
from hearth.outbound.fallback import Answering
from hearth.outbound.tickets import Ticket
from hearth.outbound.upstream import Asked
from hearth.problems import BadRequest, Problem
from hearth.record import Attempt
from hearth.server.bookkeeping import note
from hearth.server.intake import new_id, task_of
from hearth.server.live import LiveCall
from hearth.server.routes import served_by
from hearth.server.surroundings import CallSurroundings

if TYPE_CHECKING:
    from hearth.chat import Members
    from hearth.outbound.upstream import Upstream
    from hearth.record import Ending
    from hearth.routing.plan import Plan
    from hearth.server.core import Core

QUESTION = "Answer with one word: ok"
MOST_TOKENS = 16
"""The least that every provider takes as a limit; the answer that is asked for has one token."""
OK = 200


class Trial(Struct, frozen=True):
    """How such a question ended: the attempt at the provider, if there was one, and what went wrong, if it did."""

    attempt: Attempt | None
    problem: Problem | None


class _Heard:
    """The client's side of a call without a client: it lets the answer pass."""

    flowing = False

    def __init__(self) -> None:
        self.committed = False
        self.status = 0
        self.first_byte_ns = 0

    def begin(self, attempt: Upstream) -> None:
        """Expect an answer from this attempt."""

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:  # noqa: ARG002 -- nobody reads them
        """Note that something meaningful has come."""
        if meaningful and not self.committed:
            self.committed = True
            self.first_byte_ns = monotonic_ns()

    def send(self, frames: Sequence[Frame]) -> None:
        """Let them pass."""

    def overhead_ms(self) -> float:
        """Nobody waited for us."""
        return 0.0


async def try_model(core: Core, provider: str, model: str, *, embeds: bool) -> Trial:
    """Ask one model of one provider for a word, or for the vector of one; no other target and no second attempt."""
    call = _call(core, f"{provider}/{model}", embeds=embeds)
    made = core.plan(call)
    own = tuple(one for one in made.candidates if one.target.provider == provider)
    made = replace(made, candidates=own)
    if not own:
        return Trial(None, made.problem or BadRequest(f"{provider}/{model} may not be asked."))
    return await _ask(core, call, made)


def _call(core: Core, model: str, *, embeds: bool) -> Call:
    members: Members = {"model": raw(model)}
    if embeds:
        members["input"] = raw("ok")
    else:
        members |= {"messages": raw([{"role": "user", "content": QUESTION}]), "max_tokens": raw(MOST_TOKENS)}
        members["stream"] = raw(True)
    served = served_by("openai_chat")
    outline = served.outline("embeddings" if embeds else "chat", members)
    return Call(
        id=new_id(),
        dialect=served.name,
        outline=outline,
        members=members,
        task=task_of(outline),
        mode=core.mode,
        app=App(user_agent="hearth doctor"),
        received_ns=monotonic_ns(),
        wall=time(),
    )


async def _ask(core: Core, call: Call, made: Plan) -> Trial:
    heard = _Heard()
    live = LiveCall(call, asyncio.current_task())
    live.answering = Answering(
        Asked(call, served_by(call.dialect), core.sealed), made, CallSurroundings(core), heard, Ticket()
    )
    core.calls.add(live)
    ending: Ending = "client_gone"
    problem: Problem | None = None
    try:
        await live.answering.run(replace(core.target(made.candidates[0].target.provider).settings.retry, attempts=1))
        ending, heard.status = "complete", OK
    except Problem as failed:
        ending, problem, heard.status = "failed", failed, failed.http_status
    finally:
        core.calls.remove(call.id)
        note(core, live, made, heard, ending, problem)
    attempts = live.answering.attempts
    return Trial(attempts[-1] if attempts else None, problem)
