"""Embeddings that wait for the same model go as one request when their turn comes; none of them is delayed for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING

from msgspec import structs

from hearth.cache.shares import share_of, shares
from hearth.chat import EmbedRequest
from hearth.events import Event, Frame, Usage, Vectors
from hearth.outbound.fallback import Answering
from hearth.outbound.meter import Meter
from hearth.outbound.tickets import Ticket
from hearth.outbound.upstream import Asked, Upstream
from hearth.problems import BadRequest, BrokenReply, Overloaded, ProviderProblem, RateLimited, TimedOut, Unreachable

if TYPE_CHECKING:
    from hearth.chat import Request
    from hearth.outbound.keys.credentials import Credential
    from hearth.outbound.upstream import Sink, Target
    from hearth.record import Attempt
    from hearth.routing.plan import Candidate
    from hearth_config.settings import Retry

MOST_INPUTS = 96
"""What every provider takes at once; the least is Cohere's."""
MOST_BYTES = 256 * 1024
ROUTES = frozenset({("ollama", "embed"), ("openai_chat", "embeddings")})
"""Where vectors come in lists. Ollama's older `/api/embeddings` gives them unscaled, so those go alone."""
TAKERS = frozenset({"ollama", "openai_chat"})
"""The dialects whose servers take several texts at once."""
PLAIN = frozenset({"model", "input", "dimensions", "encoding_format", "user"})
"""A body with anything else in it goes alone: it may mean something to its provider."""

_EVERYBODYS = (Unreachable, TimedOut, RateLimited, Overloaded)
"""What would happen to each alone too; after any other failure of a batch each is asked for alone."""
_Key = tuple[object, ...]


class Part:
    """One call's part of a batch."""

    __slots__ = ("inputs", "own")

    def __init__(self, own: Answering, inputs: tuple[str, ...]) -> None:
        """`own` is the call's own way to an answer, should it have to go alone."""
        self.own = own
        self.inputs = inputs

    @property
    def size(self) -> int:
        """The bytes of its texts, about."""
        return sum(map(len, self.inputs))


class BatchAsked(Asked):
    """What all parts ask together, fixed when the first of their turns has come."""

    __slots__ = ("_batch", "_together")

    def __init__(self, first: Asked, batch: Batch) -> None:
        """It is told as the first part's call."""
        super().__init__(first.call, first.served, first.memory)
        self._batch = batch
        self._together: EmbedRequest | None = None

    def close(self) -> None:
        """Take nobody along any more."""
        if self._together is not None:
            return
        parts = self._batch.close()
        first = parts[0].own.asked.meaning()
        dimensions = first.dimensions if isinstance(first, EmbedRequest) else None
        self._together = EmbedRequest(tuple(text for part in parts for text in part.inputs), dimensions)
        size = sum(part.own.asked.call.outline.prompt_bytes for part in parts)
        self.call = structs.replace(self.call, outline=structs.replace(self.call.outline, prompt_bytes=size))

    def meaning(self, *, steady: bool = False) -> Request:
        """Return all inputs as one request."""
        return self._together or super().meaning(steady=steady)


class BatchAttempt(Upstream):
    """One target asked for all of them. It is written from its meaning: no part's own bytes would say it."""

    def __init__(
        self, asked: Asked, candidate: Candidate, target: Target, credential: Credential, number: int, reason: str
    ) -> None:
        """The lane has let the batch in: from now on it is complete."""
        if isinstance(asked, BatchAsked):
            asked.close()
        super().__init__(asked, candidate, target, credential, number, reason)
        self.passthrough = False


class BatchAnswering(Answering):
    """The whole batch on its way through the candidates that its parts have in common."""

    attempt = BatchAttempt


class _Collected:
    """Where the frames of the batch come together."""

    committed = False
    flowing = False

    def __init__(self) -> None:
        self.attempt: Upstream | None = None
        self.frames: list[Frame] = []

    def begin(self, attempt: Upstream) -> None:
        self.attempt = attempt
        self.frames.clear()

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:  # noqa: ARG002 -- the shape of a sink
        self.frames.extend(frames)

    def send(self, frames: Sequence[Frame]) -> None:
        self.frames.extend(frames)


class Batch:
    """Calls that wait together. The event loop's alone."""

    def __init__(self, first: Answering, retry: Retry) -> None:
        """Go and wait for a turn, in a task of its own; parts join until it has come."""
        self.here: list[Part] = []
        """Who still waits for the answer."""
        self.sent: tuple[Part, ...] = ()
        """Whose texts were sent, in order; empty while more may join."""
        self._to = _Collected()
        self._all = BatchAnswering(BatchAsked(first.asked, self), first.plan, first.around, self._to, Ticket())
        self._task = asyncio.create_task(self._all.run(retry), name="a batch of embeddings")

    def takes(self, part: Part) -> bool:
        """Say whether there is room, and time, for one more."""
        if self.sent or self._task.done():
            return False
        inputs = sum(len(one.inputs) for one in self.here) + len(part.inputs)
        return inputs <= MOST_INPUTS and sum(one.size for one in self.here) + part.size <= MOST_BYTES

    def close(self) -> tuple[Part, ...]:
        """Fix who is sent."""
        self.sent = tuple(self.here)
        return self.sent

    async def wait(self, part: Part) -> None:
        """Wait until it is over. Raises what it ended in; whoever is cancelled leaves, the last one ends the call."""
        self.here.append(part)
        try:
            await asyncio.wait({self._task})
        except asyncio.CancelledError:
            await self._leave(part)
            raise
        part.own.attempts = self._attempts(part)
        part.own.queued_s = self._all.queued_s
        self._task.result()

    async def _leave(self, part: Part) -> None:
        if not self._task.done() and len(self.here) > 1:
            self.here.remove(part)
            return
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})
        part.own.attempts = self._attempts(part)

    def _attempts(self, part: Part) -> list[Attempt]:
        """Return the part's share of the attempts: all shares together are what was counted."""
        weights = [one.size + 1 for one in self.here]
        place, call_id = self.here.index(part), part.own.asked.call.id
        return [share_of(one, call_id, weights, place) for one in self._all.attempts]

    def answer(self, part: Part) -> tuple[Upstream, Frame]:
        """Return a part's own vectors, and the attempt as its caller is to see it. Raises `BrokenReply`."""
        attempt = self._to.attempt
        events = [event for frame in self._to.frames for event in frame.events]
        vectors = [vector for event in events if isinstance(event, Vectors) for vector in event.vectors]
        if attempt is None or len(vectors) != sum(len(one.inputs) for one in self.sent):
            raise BrokenReply(f"It sent {len(vectors)} vectors for other than as many texts.", who=self._who())
        start = sum(len(one.inputs) for one in self.sent[: self.sent.index(part)])
        own = Vectors(tuple(vectors[start : start + len(part.inputs)]))
        frame = Frame(b"", tuple(self._own(events, own, part)))
        seen = copy(attempt)
        seen.asked, seen.meter = part.own.asked, Meter()
        seen.meter.see((frame,), attempt.meter.first_ns)
        return seen, frame

    def _own(self, events: list[Event], vectors: Vectors, part: Part) -> list[Event]:
        own: list[Event] = []
        weights = [one.size + 1 for one in self.here]
        for event in events:
            if isinstance(event, Usage):
                given = shares(event.input, weights)[self.here.index(part)]
                own.append(structs.replace(event, input=given, cost=None))
            elif not isinstance(event, Vectors):
                own.append(event)
            elif vectors not in own:
                own.append(vectors)
        return own

    def _who(self) -> str:
        current = self._all.current
        return current.candidate.target.provider if current is not None else "hearth"


class Batches:
    """The batches that may still be joined."""

    def __init__(self) -> None:
        """There is none."""
        self.batched = 0
        """How many calls went together with others."""
        self._open: dict[_Key, Batch] = {}

    async def run(self, own: Answering, sink: Sink, retry: Retry) -> None:
        """Answer a call: together with others where it has to wait anyway, else alone. Raises what it ended in."""
        found = _part_of(own)
        if found is None:
            await own.run(retry)
            return
        part, key = found
        batch = self._open.get(key)
        if batch is None or not batch.takes(part):
            batch = self._open[key] = Batch(own, retry)
        try:
            await batch.wait(part)
            attempt, frame = batch.answer(part)
        except (ProviderProblem, BadRequest) as problem:
            if len(batch.sent) < 2 or isinstance(problem, _EVERYBODYS):
                raise
            await _alone(part, retry, first=batch.sent[0] is part)
            return
        finally:
            if self._open.get(key) is batch and not batch.takes(part):
                del self._open[key]
        self.batched += len(batch.sent) > 1
        sink.begin(attempt)
        await sink.take((frame,), meaningful=True)


async def _alone(part: Part, retry: Retry, *, first: bool) -> None:
    """Ask for one part of a batch that failed: one text that is too long is no reason for the others to fail."""
    own = part.own
    before, own.attempts = (own.attempts if first else []), []
    try:
        await own.run(retry)
    finally:
        own.attempts = [structs.replace(one, number=at) for at, one in enumerate([*before, *own.attempts], 1)]


def _part_of(own: Answering) -> tuple[Part, _Key] | None:
    """Return a call as a part, and what parts of one batch have in common; None where it goes alone."""
    call, candidates = own.asked.call, own.plan.candidates
    if (call.dialect, call.outline.route) not in ROUTES or not PLAIN.issuperset(call.members):
        return None
    if not all(one.target.dialect in TAKERS for one in candidates) or not _would_wait(own):
        return None
    meaning = own.asked.meaning()
    if not isinstance(meaning, EmbedRequest):
        return None
    texts = tuple(text for text in meaning.inputs if isinstance(text, str))
    if not texts or len(texts) != len(meaning.inputs):
        return None
    names = tuple(one.target.name for one in candidates)
    return Part(own, texts), (names, call.mode, call.app.name, meaning.dimensions)


def _would_wait(own: Answering) -> bool:
    """Whether the first candidate's lane has no slot free now."""
    lane = own.around.lane(own.plan.candidates[0])
    if lane is None:
        return False
    view = lane.view()
    return not view.loaded or view.queued > 0 or view.in_flight >= view.slots
