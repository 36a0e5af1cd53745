"""An answer given again, in an attempt's place: who gave it, its bytes or its meaning, and that it cost nothing now."""

from __future__ import annotations

from time import monotonic_ns, time
from typing import TYPE_CHECKING

from hearth.cache.answer import Form
from hearth.dialects.dialect import Head
from hearth.money.tags import PriceTag
from hearth.outbound.meter import Meter
from hearth.outbound.upstream import Upstream
from hearth.record import Attempt

if TYPE_CHECKING:
    from hearth.cache.answer import Answer
    from hearth.call import Outline
    from hearth.outbound.upstream import Asked
    from hearth.routing.plan import Candidate

REASON = "cache"
FREE = PriceTag(per_request=0.0, currency="", source="local")
"""Nobody is paid for what was answered before."""


def form_of(outline: Outline) -> Form:
    """Return how the caller wants its reply."""
    return Form(outline.stream, outline.stream and outline.include_usage)


class Replayed(Upstream):
    """What a client's side needs to know of an answer that nobody was asked for. It is never run."""

    def __init__(self, asked: Asked, candidate: Candidate, answer: Answer, meter: Meter | None = None) -> None:
        """`meter` is that of the attempt under way, where this is another caller's share of it."""
        self.asked = asked
        self.candidate = candidate
        self.number = 0
        self.reason = REASON
        self.passthrough = answer.passthrough and answer.form == form_of(asked.call.outline)
        self.meter = meter or Meter()
        self.head = Head(200, (("Content-Type", answer.content_type),))
        self.started = time()
        self.started_ns = monotonic_ns()
        self.sent_ns = 0
        self.bytes_out = 0
        self.tag = FREE


def saved(call_id: str, candidate: Candidate, answer: Answer) -> Attempt:
    """Return what is written down of a call that was answered so: its tokens are what it would have taken.

    It is no attempt, and none is counted: it stands for one where a call's row says who answered.
    """
    target = candidate.target
    return Attempt(
        call_id=call_id,
        number=0,
        target=target.name,
        provider=target.provider,
        model=target.model,
        place=target.place,
        key_id="",
        started=time(),
        ending="complete",
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cost=0.0,
        cost_source=REASON,
        reason=REASON,
    )
