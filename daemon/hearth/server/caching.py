"""Answers given again: looked up before anybody is asked, shared while they are made, and kept once they are whole."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from hearth.cache.answer import Answer, Form, is_whole
from hearth.cache.batch import Batches
from hearth.cache.flight import Flight
from hearth.cache.question import is_settled, may_be_kept, question
from hearth.cache.replay import Replayed, form_of, saved
from hearth.cache.shelf import Shelf
from hearth.cache.store import Room, Sums
from hearth.events import Frame
from hearth.problems import OverBudget, Problem, ProviderProblem
from hearth.side_file import Unusable
from hearth.status_cache import CacheStatus

if TYPE_CHECKING:
    from pathlib import Path

    from hearth.dialects.dialect import Destination
    from hearth.outbound.fallback import Answering
    from hearth.outbound.upstream import Asked, Sink, Target, Upstream
    from hearth.routing.plan import Candidate, Plan
    from hearth.server.core import Core
    from hearth.server.delivery import Delivery
    from hearth.server.live import LiveCall
    from hearth_config.settings import Cache, Retry

_Key = tuple[bytes, Form, str]


class Passenger:
    """One caller of a shared answer."""

    def __init__(self, live: LiveCall, answering: Answering, delivery: Delivery) -> None:
        """`answering` is the caller's own, used only if it is the one that pays."""
        self.sink: Sink = delivery
        self.live = live
        self.own = answering

    def seat(self, attempt: Upstream, *, first: bool) -> Upstream:
        """Return the attempt as this caller is to see it."""
        if first:
            return attempt
        return Replayed(self.own.asked, attempt.candidate, answer_of(attempt, ()), attempt.meter)


class Caching:
    """The answer cache of one daemon, while the config wants one. The event loop's alone."""

    def __init__(self, core: Core, shelf: Shelf) -> None:
        """Answers are kept on the shelf."""
        self.core = core
        self.shelf = shelf
        self.batches = Batches()
        self.hits = 0
        self.shared = 0
        self.misses = 0
        self.saved_tokens = 0
        self._flights: dict[_Key, tuple[Flight, Answering]] = {}

    def view(self) -> CacheStatus:
        """Return what it has done since start."""
        settings = self.settings
        return CacheStatus(
            answers=settings.answers,
            embeddings=settings.embeddings,
            path=str(self.shelf.path),
            limit=settings.size,
            ttl=settings.ttl,
            hits=self.hits,
            shared=self.shared,
            batched=self.batches.batched,
            misses=self.misses,
            saved_tokens=self.saved_tokens,
            note=self.shelf.note,
            size=self.shelf.size,
        )

    async def sums(self) -> Sums:
        """Return what lies on disk. Raises `Unusable`."""
        return await self.shelf.sums()

    async def clear(self) -> Sums:
        """Delete everything that is kept; returns what there was. Raises `Unusable`."""
        return await self.shelf.clear()

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        await self.shelf.close()

    @property
    def settings(self) -> Cache:
        """What the config of now says."""
        return self.core.generation.settings.cache

    async def answer(self, live: LiveCall, own: Answering, delivery: Delivery, retry: Retry) -> None:
        """Answer a call from the shelf, or together with the same call of somebody else, or as any other.

        Raises the problem it ended in.
        """
        asked = own.asked
        asking = self._question(asked)
        if asking is None:
            self.core.warm(own.plan)
            await own.run(retry)
            return
        name, kept = await self.shelf.find(asking)
        candidate = self._still_good(kept, own.plan, asked)
        if kept is not None and candidate is not None:
            self.hits += 1
            await self._replay(live, own, delivery, kept, candidate)
            return
        self.misses += 1
        await self._share(live, own, delivery, retry, (asking, name))

    def _question(self, asked: Asked) -> bytes | None:
        """Return what this call has in common with those like it; None where its answer is not kept."""
        if not may_be_kept(asked.call, self.settings):
            return None
        try:
            settled = is_settled(asked.meaning())
        except Problem:
            return None  # whoever is asked says what is wrong with it
        return question(asked.call) if settled else None

    def _still_good(self, kept: Answer | None, made: Plan, asked: Asked) -> Candidate | None:
        """Return the candidate that would answer so now: it may be asked, and nothing about it has changed."""
        if kept is None:
            return None
        found = next((one for one in made.candidates if one.target.name == kept.target), None)
        runtime = self.core.generation.providers.get(found.target.provider) if found is not None else None
        if found is None or runtime is None:
            return None
        speaking = runtime.speaking(found.target.dialect)
        now = _made_by(found, speaking, speaking.destination(found, asked.call.mode))
        return found if now == kept.made_by else None

    async def _replay(
        self, live: LiveCall, own: Answering, delivery: Delivery, kept: Answer, candidate: Candidate
    ) -> None:
        self._note(live, candidate, kept)
        delivery.begin(Replayed(own.asked, candidate, kept))
        await delivery.take(kept.frames, meaningful=True)

    def _note(self, live: LiveCall, candidate: Candidate, answer: Answer) -> None:
        """Say in the call's row that nobody was asked, and what that saved."""
        live.hit = saved(live.call.id, candidate, answer)
        self.saved_tokens += (answer.input_tokens or 0) + (answer.output_tokens or 0)

    # Calls that are under way.

    async def _share(
        self, live: LiveCall, own: Answering, delivery: Delivery, retry: Retry, named: tuple[bytes, bytes]
    ) -> None:
        asking, name = named
        key = (blake2b(asking, digest_size=32).digest(), form_of(live.call.outline), _owner(live))
        found = self._flights.get(key)
        if found is None or not _may_follow(own.plan, found[1].plan):
            self.core.warm(own.plan)
            found = self._start(key, name, own, retry)
        else:
            self.shared += 1
        flight, live.answering = found
        passenger = Passenger(live, own, delivery)
        try:
            await flight.follow(passenger)
        except Problem as problem:
            if flight.payer is passenger or delivery.committed or not _anothers(problem):
                raise
        else:
            return
        finally:
            self._settle(flight, found[1], passenger)
        live.answering = own
        await own.run(retry)

    def _start(self, key: _Key, name: bytes, own: Answering, retry: Retry) -> tuple[Flight, Answering]:
        async def work(flight: Flight) -> None:
            own.sink = flight
            if own.asked.call.outline.operation == "embed":
                await self.batches.run(own, flight, retry)
            else:
                await own.run(retry)

        def ended(flight: Flight) -> None:
            if self._flights.get(key, (None,))[0] is flight:
                del self._flights[key]
            attempt = flight.attempt
            if flight.problem is None and attempt is not None and name and is_whole(flight.frames):
                self.shelf.keep(name, self._to_keep(attempt, flight.frames))

        started = (Flight(work, ended), own)
        self._flights.setdefault(key, started)
        return started

    @staticmethod
    def _to_keep(attempt: Upstream, frames: list[Frame]) -> Answer:
        bare = attempt.passthrough and attempt.asked.call.outline.operation == "embed"  # vectors have one form only
        kept = tuple(Frame(frame.raw) for frame in frames) if bare else tuple(frames)
        made_by = _made_by(attempt.candidate, attempt.target, attempt.destination)
        return structs.replace(answer_of(attempt, kept), made_by=made_by)

    def _settle(self, flight: Flight, answering: Answering, passenger: Passenger) -> None:
        """Write the attempts into the row of who pays for them, and into no other."""
        live, own, attempt = passenger.live, passenger.own, flight.attempt
        if flight.payer is passenger:
            call_id = live.call.id
            own.attempts = [structs.replace(one, call_id=call_id) for one in answering.attempts]
            own.queued_s = answering.queued_s
            live.answering = own
            return
        live.answering = None
        if attempt is not None and flight.over and flight.problem is None:
            self._note(live, attempt.candidate, answer_of(attempt, ()))


def answer_of(attempt: Upstream, frames: tuple[Frame, ...]) -> Answer:
    """Return what an attempt has answered, with these frames."""
    outline, target = attempt.asked.call.outline, attempt.candidate.target
    tokens_in, tokens_out, _ = attempt.meter.tokens(outline.prompt_bytes // 4)
    return Answer(
        target=target.name,
        place=target.place,
        made_by=b"",
        form=form_of(outline),
        passthrough=attempt.passthrough,
        content_type=attempt.head.get("Content-Type") if attempt.head is not None else "",
        frames=frames,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
    )


def _made_by(candidate: Candidate, target: Target, to: Destination) -> bytes:
    """Return a digest of what decides how a target answers: its address, its settings, the version of its model."""
    settings = target.settings
    facts = [str(settings.address), target.called.name, settings.headers, candidate.target.info.digest, to]
    return blake2b(msgspec.json.encode(facts, enc_hook=repr, order="sorted"), digest_size=16).digest()


def _anothers(problem: Problem) -> bool:
    """Whether it is whoever asked first that had no room or no money: the others may have."""
    return isinstance(problem, OverBudget) or not isinstance(problem, ProviderProblem)


def _may_follow(mine: Plan, theirs: Plan) -> bool:
    """Say whether everybody who may be asked for them may be asked for me."""
    allowed = {one.target.name for one in mine.candidates}
    return all(one.target.name in allowed for one in theirs.candidates)


def _owner(live: LiveCall) -> str:
    """Callers with tools share with themselves alone: what a provider seals into a call is kept by its caller."""
    app = live.call.app
    return f"{app.name}|{app.user_agent}" if "tools" in live.call.outline.needs else ""


def caching(core: Core, path: Path, key_path: Path) -> Caching | None:
    """Return the cache that the config of now asks for, going on with the one there is; None where it is off."""
    settings = core.generation.settings.cache
    if settings.answers == "off" and settings.embeddings == "off":
        if core.cache is not None:
            core.soon(core.cache.close())
        return None
    room = Room(settings.size, settings.ttl)
    found = core.cache or Caching(core, Shelf(path, key_path, room))
    found.shelf.use(room)
    return found


def at_rest(core: Core) -> Caching:
    """Return a cache to be looked at or emptied while the config wants none. Raises `Unusable` without a place."""
    if core.answers_in is None:
        raise Unusable("this daemon has no place to keep answers in")
    settings = core.generation.settings.cache
    return Caching(core, Shelf(*core.answers_in, Room(settings.size, settings.ttl)))
