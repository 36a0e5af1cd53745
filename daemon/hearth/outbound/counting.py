"""A question to a provider how many tokens a request would have: an attempt like any other, but nothing is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hearth.dialects.dialect import HttpRequest
from hearth.dialects.optional import Counts, CountsSometimes
from hearth.outbound.fallback import Answering
from hearth.outbound.upstream import ERROR_BODY_LIMIT, Upstream
from hearth.problems import Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hearth.dialects.dialect import Called, Destination, Head
    from hearth.events import Frame
    from hearth.outbound.pool import Reply
    from hearth.outbound.upstream import Sink
    from hearth.routing.plan import Candidate


class CountSink:
    """Where the attempts of a count end: nothing is sent on, and the number is kept."""

    committed = False
    flowing = False

    def __init__(self) -> None:
        """Know nothing yet."""
        self.tokens: int | None = None
        self.asked: Upstream | None = None

    def begin(self, attempt: Upstream) -> None:
        """Take note of who answers."""
        self.asked = attempt

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        """Take nothing: a count has no frames."""

    def send(self, frames: Sequence[Frame]) -> None:
        """Take nothing."""


class CountAttempt(Upstream):
    """One target asked to count. Its record has no tokens, since none were made or read."""

    def write(self) -> HttpRequest:
        """Return the question. Raises `Unsupported` where this provider cannot be asked."""
        called, call, to = self.target.called, self.asked.call, self.destination
        if not isinstance(called, Counts):
            raise Unsupported("This provider counts no tokens.", who=self.target.settings.name)
        if self.passthrough:
            return called.count_spliced(call.outline, self.asked.members(steady=to.steady), self.guarded())
        meaning = self.asked.memory.restored(self.asked.meaning(steady=to.steady), call, self.target)
        return called.count(meaning, to)

    async def _relay(self, reply: Reply, head: Head, sink: Sink) -> None:  # noqa: ARG002 -- the shape of an attempt
        body = await reply.read_all(ERROR_BODY_LIMIT)
        self.meter.bytes_in += len(body)
        called = self.target.called
        if isinstance(called, Counts) and isinstance(sink, CountSink):
            sink.tokens = called.counted(body)


class Counting(Answering):
    """A count on its way through the keys of its target. It waits in no lane: nothing is generated for it."""

    attempt = CountAttempt

    async def _ask(self, candidate: Candidate, later: Sequence[Candidate]) -> None:
        await self._with_keys(candidate, later)


def can_count(called: Called, to: Destination) -> bool:
    """Say whether this target can be asked."""
    return isinstance(called, Counts) and (not isinstance(called, CountsSometimes) or called.counts_at(to))
