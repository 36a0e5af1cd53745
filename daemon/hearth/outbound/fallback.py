"""Who is asked next: the plan's candidates in order, each with its other keys first.

There is a pause where one is due, and nobody else is asked after the commit point.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from hearth.outbound.consequences import REASONS, RetryBudget, is_refusal
from hearth.outbound.keys.hiding import hide_key
from hearth.outbound.keys.turns import KeyTurns, used
from hearth.outbound.loading import failed_load
from hearth.outbound.noting import ending_of, noted
from hearth.outbound.tickets import Overflow, Ticket
from hearth.outbound.upstream import Asked, Sink, Target, Upstream
from hearth.outbound.watching import watched
from hearth.problems import (
    OverBudget,
    Overloaded,
    Problem,
    ProviderProblem,
    QuotaSpent,
    RateLimited,
)
from hearth.record import Attempt, Ending

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.outbound.keys.credentials import Credential
    from hearth.outbound.keys.holds import Conversation
    from hearth.outbound.keys.pool import Keys
    from hearth.outbound.lanes import Lane
    from hearth.outbound.paying import Till
    from hearth.outbound.pool import Pool
    from hearth.routing.plan import Candidate, Plan
    from hearth_config.settings import Retry

MAX_RETRY_AFTER_S = 20.0
"""A provider that wants a longer pause than this, or rests for longer, is left alone (F14, F16)."""
_NONE: frozenset[str] = frozenset()
"""The keys tried at first."""


class Surroundings(Protocol):
    """What an answer needs of the daemon."""

    pool: Pool
    keys: Keys
    retries: RetryBudget
    till: Till

    @property
    def patience_s(self) -> float:
        """How long a call waits for a local model while somebody else could be asked."""
        ...

    def target(self, provider: str) -> Target:
        """Return a provider of this call's generation."""
        ...

    def lane(self, candidate: Candidate) -> Lane | None:
        """Return the lane of a local model; None where nobody queues."""
        ...

    def first_token_s(self, candidate: Candidate) -> float | None:
        """Return how long the first token may take."""
        ...

    def rest_s(self, candidate: Candidate) -> float:
        """Return for how many seconds a candidate still rests after its failures; 0 or less when it does not."""
        ...

    def worth_waiting_s(self, call: Call, candidate: Candidate, later: Sequence[Candidate]) -> float:
        """Return for how long to wait for a candidate's key to have room, rather than to ask one of the later ones."""
        ...

    def conversation(self, call: Call) -> Conversation | None:
        """Return the conversation that a call is part of; None where it is part of none."""
        ...

    def trying(self, upstream: Upstream) -> None:
        """Take note that an attempt begins."""
        ...

    def left(self, upstream: Upstream) -> None:
        """Take note that an attempt has ended, however it did."""
        ...

    def noticed(self, upstream: Upstream, problem: Problem | None) -> None:
        """Take note of how an attempt ended: for health, learned times and cooldowns."""
        ...


class Answering:
    """One call on its way through the candidates of its plan."""

    attempt: type[Upstream] = Upstream

    def __init__(self, asked: Asked, plan: Plan, around: Surroundings, sink: Sink, ticket: Ticket) -> None:
        """Nothing happens before `run`."""
        self.asked = asked
        self.plan = plan
        self.around = around
        self.sink = sink
        self.ticket = ticket
        self.attempts: list[Attempt] = []
        self.current: Upstream | None = None
        self.queued_s = 0.0
        self._waited_s = 0.0
        self.because = ""
        """Why somebody else than the first candidate is asked: down, missing or busy; "" while it is the first."""
        self.refused = False
        """Whether one that was meant will not do this call: `[fallback]` is then left out."""

    async def run(self, retry: Retry) -> None:
        """Ask until somebody answers.

        Raises the problem of the last one asked, or the first's when nobody else could be.
        """
        self.around.retries.earn()
        problem: Problem | None = None
        pause = retry.backoff
        most = len(self.attempts) + max(retry.attempts, len(self.plan.candidates))
        for round_number in range(retry.attempts):
            for position, candidate in enumerate(self.plan.candidates):
                if len(self.attempts) >= most:
                    break
                if candidate.stands_in and self.refused:
                    continue
                try:
                    await self._ask(candidate, self.plan.candidates[position + 1 :])
                except Problem as failed:
                    if self.sink.committed or not failed.falls_back:
                        raise
                    failed.let_go()
                    problem = failed if problem is None or isinstance(failed, ProviderProblem) else problem
                    self.because = self.because or REASONS.get(failed.kind, "down")
                    self.refused = self.refused or (not candidate.stands_in and is_refusal(failed, self.asked.call))
                else:
                    return
            wait = self._pause_before_retry(problem, pause, retry)
            if wait is None or round_number + 1 == retry.attempts:
                break
            await asyncio.sleep(wait)
            pause = min(pause * retry.factor, retry.max_delay)
        raise problem if problem is not None else Overloaded("Nobody could be asked.", who="hearth")

    def _pause_before_retry(self, problem: Problem | None, pause: float, retry: Retry) -> float | None:
        """Return how long to wait before the same candidates are asked again; None when they are not."""
        last = self.plan.candidates[-1]
        if problem is None or problem.cause not in retry.on or last.target.place == "machine":
            return None
        if len(self.attempts) >= retry.attempts:
            return None
        if max(problem.retry_after or 0.0, self.around.rest_s(last)) > MAX_RETRY_AFTER_S:
            return None
        if not self.around.retries.spend():
            return None
        jittered = pause * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads load, keeps no secret
        return max(problem.retry_after or 0.0, jittered)

    async def _ask(self, candidate: Candidate, later: Sequence[Candidate]) -> None:
        lane = self.around.lane(candidate)
        if lane is None:
            await self._with_keys(candidate, later)
            return
        if not lane.enter_at_once(self.ticket):
            await self._enter(lane, candidate, self.around.patience_s if later else None)
        try:
            await self._with_keys(candidate, later)
        finally:
            lane.leave(self.ticket)

    async def _enter(self, lane: Lane, candidate: Candidate, patience: float | None) -> None:
        since = monotonic()
        try:
            await lane.enter(self.ticket, patience)
        except Overflow:
            raise Overloaded(
                f"{lane.name} would have kept this call waiting for longer than patience allows."
            ) from None
        except ProviderProblem as failed:
            self.note_load(candidate, failed, monotonic() - since)
            raise
        finally:
            self.queued_s += monotonic() - since

    def note_load(self, candidate: Candidate, problem: ProviderProblem, waited_s: float) -> None:
        """Write down that the load failed which this call waited for: that was its try at this target."""
        address = str(self.around.target(candidate.target.provider).settings.address)
        reason = self.because or candidate.reason
        number = len(self.attempts) + 1
        self.attempts.append(
            failed_load(self.asked.call.id, number, candidate.target, problem, waited_s, reason, address)
        )

    async def _with_keys(self, candidate: Candidate, later: Sequence[Candidate]) -> None:
        """Ask with one key after the other, as long as it is the key that is at fault."""
        keys, model = self.around.keys, candidate.target.model
        target = self.around.target(candidate.target.provider).speaking(candidate.target.dialect)
        turns: KeyTurns | None = None  # most calls need none: there is one key or none, and it is at hand
        credential = keys.at_hand(target, _NONE)
        while True:
            if credential is None:
                turns = turns or self._turns(target, model)
                credential = await self._choose(turns, candidate, later)
            reason = self.because or candidate.reason
            upstream = self.attempt(self.asked, candidate, target, credential, len(self.attempts) + 1, reason)
            if turns is not None:
                upstream.note = turns.note
            elif self.ticket.note:
                upstream.note = self.ticket.note
            try:
                await self._try(upstream)
            except ProviderProblem as failed:
                turns = turns or self._turns(target, model)
                if not await turns.goes_on(upstream, failed, committed=self.sink.committed):
                    raise
                failed.let_go()
                credential = None
            else:
                keys.accepted(target.settings.name, credential.id, model, upstream.started_ns / 1e9)
                if turns is not None:
                    turns.answered(credential)
                return

    def _turns(self, target: Target, model: str) -> KeyTurns:
        turns = KeyTurns(self.around.keys, target, self.asked.call.outline, model, self._waited_s)
        if len(target.settings.keys) > 1:
            turns.follow(self.around.conversation(self.asked.call))
            if self.asked.call.kept:
                turns.belongs(self.asked.call.kept)
        return turns

    async def _choose(self, turns: KeyTurns, candidate: Candidate, later: Sequence[Candidate]) -> Credential:
        """Return the next key; a call that found no room under the limits of any has that written down."""
        before = turns.waited_s
        try:
            patience = partial(self.around.worth_waiting_s, self.asked.call, candidate, later)
            return await turns.next(patience, alone=not later)
        except (RateLimited, QuotaSpent) as full:
            if turns.has_asked_nobody:
                call_id, number, reason = self.asked.call.id, len(self.attempts) + 1, self.because or candidate.reason
                self.attempts.append(turns.not_asked(call_id, number, candidate, full, reason))
            raise
        finally:
            self._waited_s = turns.waited_s
            self.queued_s += turns.waited_s - before

    async def _try(self, upstream: Upstream) -> None:
        self.current = upstream
        upstream.tag = self.around.till.tag(upstream)
        if self.around.till.guards(upstream):
            await self._set_aside(upstream)
        self.around.trying(upstream)
        pool = self.around.pool
        try:
            with watched(upstream, pool):
                await upstream.run(pool, self.sink, self.around.first_token_s(upstream.candidate))
        except Problem as problem:
            hide_key(problem, upstream.credential)
            self._note(upstream, ending_of(upstream, problem), problem)
            raise
        except BaseException:
            self._note(upstream, "client_gone", None)
            raise
        self._note(upstream, "complete", None)

    async def _set_aside(self, upstream: Upstream) -> None:
        """Set aside what the attempt may cost. Raises `OverBudget`, written down as a refusal."""
        try:
            alone = upstream.candidate is self.plan.candidates[-1]
            waited_s = await self.around.till.reserve(upstream, self.attempts, waits=alone)
        except OverBudget as refused:
            self.attempts.append(noted(upstream, "refused", refused))
            raise
        except BaseException:
            self.around.keys.unused(upstream.target.settings.name, upstream.credential)
            raise
        if waited_s:
            self.queued_s += waited_s
            upstream.begin_now()

    def _note(self, upstream: Upstream, ending: Ending, problem: Problem | None) -> None:
        self.around.left(upstream)
        attempt, credential = noted(upstream, ending, problem), upstream.credential
        self.attempts.append(attempt)
        self.around.till.settle(upstream, attempt)
        keys, head, lease = self.around.keys, upstream.head, credential.lease
        keys.observe(attempt.provider, credential.id, head, used(attempt), lease, attempt.model)
        if ending != "client_gone":
            self.around.noticed(upstream, problem)
