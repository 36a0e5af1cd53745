"""How many tokens a request would have: asked of the target where it counts, else estimated, and marked as that.

Who is asked is planned like a call of the same request, so that mode, apps and policies hold for a question too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from hearth.dialects.optional import ShowsCounts
from hearth.outbound.counting import Counting, CountSink, can_count
from hearth.outbound.meter import BYTES_PER_TOKEN
from hearth.outbound.tickets import Ticket
from hearth.outbound.upstream import Asked
from hearth.problems import NotFound, ProviderProblem
from hearth.server import web
from hearth.server.surroundings import CallSurroundings
from hearth_config.settings import Retry

if TYPE_CHECKING:
    from hearth.call import Outline
    from hearth.dialects.dialect import Served
    from hearth.routing.plan import Plan
    from hearth.server.core import Core
    from hearth.server.delivery import Delivery
    from hearth.server.live import LiveCall

ESTIMATED = "X-Hearth-Estimated"
IMAGE_TOKENS = 1000
"""What a picture is taken for; providers count from 85 to 1,600, by its size (wire/providers §6)."""
_ONCE = Retry(attempts=1)
_NO_SUCH_ROUTE = (404, 405, 501)
"""What an older server says that does not know how to count yet."""


async def tell_count(core: Core, live: LiveCall, served: Served, made: Plan, delivery: Delivery) -> web.StreamResponse:
    """Answer a request whose outline says that it only wants to be counted.

    A target that fails to count is one that does not: the estimate stands in. Raises what a target refuses.
    """
    if not isinstance(served, ShowsCounts):
        raise NotFound("Clients of this dialect ask for no count of tokens.")
    tokens = await _asked(core, live, served, made, delivery)
    if tokens is not None:
        return delivery.tell(served.counted(tokens))
    return delivery.tell(served.counted(estimate(live.call.outline)), {ESTIMATED: "true"})


async def _asked(core: Core, live: LiveCall, served: Served, made: Plan, delivery: Delivery) -> int | None:
    """Ask whom the call would go to; None where that one cannot be asked, or did not answer."""
    first = made.candidates[0]
    runtime = core.target(first.target.provider).speaking(first.target.dialect)
    if not can_count(runtime.called, runtime.describe(first.target)):
        return None
    sink = CountSink()
    alone = structs.replace(made, candidates=(first,))
    live.answering = Counting(Asked(live.call, served, core.sealed), alone, CallSurroundings(core), sink, Ticket())
    try:
        await live.answering.run(_ONCE)
    except ProviderProblem as problem:
        if not problem.falls_back and problem.upstream_status not in _NO_SUCH_ROUTE:
            raise
        return None
    if sink.asked is not None:
        delivery.begin(sink.asked)
    return sink.tokens


def estimate(outline: Outline) -> int:
    """Return about how many tokens the prompt of a request has: a token for four bytes, and so much for a picture."""
    return -(-outline.prompt_bytes // BYTES_PER_TOKEN) + outline.images * IMAGE_TOKENS
