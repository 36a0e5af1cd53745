"""One attempt: one target asked once, its reply read into frames that are handed on as they come."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence
from functools import cache, lru_cache
from math import inf
from time import monotonic, monotonic_ns, time
from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from hearth.dialects.dialect import Called, Destination, Head, HttpRequest, Served
from hearth.dialects.exchanges import CalledInTurns
from hearth.dialects.steady import steadied
from hearth.events import Frame
from hearth.outbound.exchanges import ERROR_BODY_LIMIT as ERROR_BODY_LIMIT  # noqa: PLC0414 -- counting takes it from here
from hearth.outbound.exchanges import ask_in_turns, error_body
from hearth.outbound.lane_values import Lesson
from hearth.outbound.limits import Limits
from hearth.outbound.loading import stays_until
from hearth.outbound.meter import Meter
from hearth.outbound.relay import Relay
from hearth.outbound.soundness import check_turns

if TYPE_CHECKING:
    from hearth.call import Call, Mode
    from hearth.chat import Members, Request
    from hearth.money.purse import Reservation
    from hearth.money.tags import PriceTag
    from hearth.outbound.egress import Egress
    from hearth.outbound.keys.credentials import Credential
    from hearth.outbound.memory import Memory
    from hearth.outbound.pool import Origin, Pool, Reply
    from hearth.routing.plan import Candidate
    from hearth_config.settings import Provider

WHOLE_REPLY_S = 600.0
LIFE_S = 600.0
"""How long signs of life may stand in for words: what the SDKs of the providers themselves wait for an answer."""
"""How long a reply that is not streamed may take to begin unless the config says: all of it is made before that."""
log = logging.getLogger("hearth.upstream")


class Asked:
    """What a client asked, with its meaning read at most once, and only when somebody needs it.

    Both come `steady` for targets whose prompt cache would suffer from text that changes with each call (pain 28).
    """

    __slots__ = ("_meanings", "_steadied", "call", "memory", "served")

    def __init__(self, call: Call, served: Served, memory: Memory) -> None:
        """Keep the call beside the half that read it, and what remembers the sealed state of earlier turns."""
        self.call = call
        self.served = served
        self.memory = memory
        self._meanings: dict[bool, Request] = {}
        self._steadied: Members | None = None

    def members(self, *, steady: bool = False) -> Members:
        """Return the members of the body."""
        if not steady:
            return self.call.members
        if self._steadied is None:
            self._steadied = steadied(self.call.members)
            if self._steadied is not self.call.members:
                _say_frozen()
        return self._steadied

    def meaning(self, *, steady: bool = False) -> Request:
        """Return the whole meaning. Raises `BadRequest` or `Unsupported` as the served half does."""
        found = self._meanings.get(steady)
        if found is None:
            outline = self.call.outline
            found = self._meanings[steady] = self.served.read(outline.route, self.members(steady=steady))
        return found


class Sink(Protocol):
    """Where frames go: the client's side of a call."""

    @property
    def committed(self) -> bool:
        """Whether something meaningful has been sent, so that the target may not be swapped any more."""
        ...

    def begin(self, attempt: Upstream) -> None:
        """Say that what follows comes from this attempt; what an earlier one left unsent is forgotten."""
        ...

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        """Hand on frames, in order."""
        ...

    @property
    def flowing(self) -> bool:
        """Whether frames can be handed on by `send`: a stream under way whose client reads."""
        ...

    def send(self, frames: Sequence[Frame]) -> None:
        """Hand on frames at once, while it flows. Raises `ConnectionError` when the client has gone."""
        ...


class Target(Protocol):
    """A provider of one generation, ready to be asked."""

    settings: Provider
    called: Called
    origin: Origin

    def speaking(self, dialect: str) -> Target:
        """Return this provider as the models of a dialect are called."""
        ...

    def destination(self, candidate: Candidate, mode: Mode) -> Destination:
        """Return what the dialect needs to know of a target at this provider, under that mode."""
        ...

    def configured_headers(self) -> tuple[tuple[str, str], ...]:
        """Resolve the headers the config gives this provider; may block."""
        ...

    def header_lines(self, credential: Credential, headers: tuple[tuple[str, str], ...]) -> bytes:
        """Return the encoded headers of a request: the dialect's, the configured ones and the credential.

        Never logged.
        """
        ...

    def permit(self, mode: Mode) -> Egress:
        """Return what a call of this mode lets out."""
        ...


class Upstream:
    """One try of a call at one target. Its notes become an `Attempt` record, whatever happens."""

    note = ""
    """What is worth telling of it though it went well."""
    head: Head | None = None
    sent_ns = 0
    bytes_out = 0
    connect_ms: float | None = None
    """How long the connection took to be made; None where one was there."""
    tag: PriceTag | None = None
    """What it costs, with this key; None while nobody knows."""
    reservation: Reservation | None = None
    """The room in the budget that is set aside for it."""

    def __init__(
        self, asked: Asked, candidate: Candidate, target: Target, credential: Credential, number: int, reason: str
    ) -> None:
        """Nothing is sent yet; `number` counts the call's attempts from 1, `reason` says why this target is asked."""
        self.asked = asked
        self.candidate = candidate
        self.target = target
        self.credential = credential
        self.number = number
        self.reason = reason
        self.destination = target.destination(candidate, asked.call.mode)
        outline = asked.call.outline
        self.passthrough = (
            asked.served.name == target.called.name
            and outline.wishes.thinking != "hide"
            and target.called.splices(outline, self.destination)
        )
        self.meter = Meter()
        self.started = time()
        self.started_ns = monotonic_ns()

    def begin_now(self) -> None:
        """Take this moment for its beginning: until now it waited for others."""
        self.started, self.started_ns = time(), monotonic_ns()

    async def run(self, pool: Pool, sink: Sink, first_token_s: float | None) -> None:
        """Ask, and hand all frames of the answer to the sink.

        Raises the `Problem` this attempt ended in; a failure that already went to the client in its stream is
        raised too.
        Cancelling closes the connection at once.
        """
        target = self.target
        called = target.called
        if self.candidate.target.remote:  # its address is here, its answer is made elsewhere (T31)
            pool.egress.allow(self.candidate.target.place, self.candidate.target.name, target.settings.name)
        if hasattr(called, "exchanges") and isinstance(called, CalledInTurns):  # the first test costs nothing
            self.sent_ns = monotonic_ns()
            await ask_in_turns(self, called, pool, sink, self._limits(first_token_s))
            return
        request = self.write()
        self.bytes_out = len(request.body)
        self.sent_ns = monotonic_ns()
        reply = await pool.send(
            target.origin,
            request.method,
            request.path,
            target.header_lines(self.credential, request.headers),
            request.body,
            limits=self._limits(first_token_s),
            permit=target.permit(self.asked.call.mode),
        )
        self.connect_ms = reply.connect_ms
        try:
            head = self.head = reply.head
            if self.credential.lease is not None:
                self.credential.lease.hear(head, monotonic(), time())
            if head.status >= 300:
                raise target.called.problem(head, await error_body(reply), target.settings.name)
            sink.begin(self)
            await self._relay(reply, head, sink)
        except BaseException:
            reply.close()
            raise
        reply.finish()

    def _limits(self, first_token_s: float | None) -> Limits:
        timeouts = self.target.settings.timeouts
        if not self.asked.call.outline.stream and timeouts.first_token is None:
            first_token_s = max(first_token_s or 0.0, WHOLE_REPLY_S)
        return _limits(timeouts.connect, timeouts.idle, first_token_s, strict=timeouts.first_token is not None)

    def write(self) -> HttpRequest:
        """Return the request: the caller's own, spliced, in the same dialect; else written from its meaning."""
        call = self.asked.call
        destination = self.destination
        check_turns(self.asked, destination)
        if self.passthrough:
            destination = self.guarded()
            return self.target.called.splice(call.outline, self.asked.members(steady=destination.steady), destination)
        meaning = self.asked.memory.restored(self.asked.meaning(steady=destination.steady), call, self.target)
        return self.target.called.request(meaning, destination, stream=call.outline.stream)

    def guarded(self) -> Destination:
        """Return the destination with what other providers of its dialect sealed, where any did."""
        foreign = self.asked.memory.foreign(self.target)
        return self.destination if foreign is None else replace(self.destination, foreign=foreign)

    def _relay(self, reply: Reply, head: Head, sink: Sink) -> Awaitable[None]:
        outline = self.asked.call.outline
        reader = self.target.called.reader(
            outline.operation, outline if self.passthrough else None, self.destination, head
        )
        recorder = self.asked.memory.recorder(
            self.asked.call, self.target, passing=self.passthrough, key=self.credential.id
        )
        relay = Relay(reply, reader, self.meter, sink, recorder.see if recorder is not None else None)
        return relay.run(self._take_whole if outline.stream else None)

    def _take_whole(self) -> None:
        """A whole body was sent for a stream: only its meaning can be streamed."""
        self.passthrough = False

    def lesson(self) -> Lesson:
        """Return what this attempt showed of its model. A call that failed shows nothing."""
        meter = self.meter
        if not meter.first_ns or meter.failed is not None:
            return Lesson()
        tokens_in, tokens_out, _ = meter.tokens(self.asked.call.outline.prompt_bytes // 4)
        stream = self.asked.call.outline.stream
        return Lesson(
            prompt_tokens=tokens_in or 0,
            first_token_s=(meter.first_ns - self.sent_ns) / 1e9 if stream else None,
            call_s=(monotonic_ns() - self.sent_ns) / 1e9,
            output_tokens=tokens_out,
            stays_until=stays_until(self.destination.pins.keep_alive),
        )


@lru_cache(maxsize=256)
def _limits(connect: float, idle: float, first: float | None, *, strict: bool) -> Limits:
    return Limits(connect=connect, first=first, idle=idle, strict=strict, life=max(first or inf, LIFE_S))


@cache
def _say_frozen() -> None:
    """Tell, once, that prompts are changed."""
    log.info(
        "Claude Code's billing line changes with every call: it is frozen for models at home, so that their prompt "
        "cache holds (steady_prompts = false under [providers.NAME] leaves it as it is)"
    )
