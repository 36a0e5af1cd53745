"""The keys that one call goes with at one provider, one attempt after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.outbound.keys.verdicts import limited
from hearth.outbound.loading import failed_load
from hearth.problems import KeyRefused, OverBudget, Overloaded, Problem, ProviderProblem, RateLimited
from hearth.record import Attempt
from hearth.routing.expected import estimate_tokens

if TYPE_CHECKING:
    from hearth.call import Kept, Outline
    from hearth.outbound.keys.credentials import Credential
    from hearth.outbound.keys.holds import Conversation
    from hearth.outbound.keys.pool import Keys
    from hearth.outbound.upstream import Target, Upstream
    from hearth.routing.plan import Candidate

UNSAID_OUTPUT = 512
"""The tokens set aside for an answer whose length nobody limited, until they are counted."""
LEAST_TOLD_S = 0.05
AGAIN_AT_MOST = 10
"""How often a call goes round its provider's keys again, after each met a limit."""
OF_A_KEY = frozenset(("auth", "quota", "rate_limit"))
"""The causes of failures after which another key may be tried."""


class KeyTurns:
    """Hands out a provider's keys in turn; each is tried once, and once more when its secret has changed."""

    __slots__ = (
        "_again", "_conversation", "_first", "_keys", "_limit", "_limited", "_model", "_outline", "_owned", "_problem",
        "_renewed", "_since", "_target", "note", "tried", "waited_s",
    )  # fmt: skip

    def __init__(self, keys: Keys, target: Target, outline: Outline, model: str, waited_s: float = 0.0) -> None:
        """Nothing is chosen yet; `waited_s` is how long the call has waited for keys before, of these or others."""
        self._keys = keys
        self._target = target
        self._outline = outline
        self._model = model
        self._problem: Problem | None = None
        self._conversation: Conversation | None = None
        self._renewed: frozenset[str] = frozenset()
        self._limited: frozenset[str] = frozenset()
        """Those of the tried keys that met a limit, and may be tried again after it."""
        self._limit: RateLimited | None = None
        """What a limit was met with: that tells a caller more than a key that was refused."""
        self._again = AGAIN_AT_MOST
        self._first = ""
        self._owned = ""
        self._since = monotonic()
        self.tried: frozenset[str] = frozenset()
        self.waited_s = waited_s
        """How long this call waited for a key to have room."""
        self.note = ""
        """What `hearth why` tells of that wait."""

    def follow(self, conversation: Conversation | None) -> None:
        """Go with the key that answered this conversation before, if it has room: its prompt cache is there."""
        self._conversation = conversation

    def answered(self, credential: Credential) -> None:
        """Say which key brought the answer."""
        self._keys.holds.answered(self._target.settings.name, self._conversation, credential.id)

    def belongs(self, kept: Sequence[Kept]) -> None:
        """Go with the key that what a call names belongs to; where nobody knows, begin with the first.

        That is the one with which files are made and listed (`server/owned.py`).
        """
        settings = self._target.settings
        keys = {key.id for key in settings.keys}
        owner = next((key for one in kept if (key := one.keys.get(settings.name)) in keys), "")
        self._first = "" if owner else settings.keys[0].id
        if owner:
            self._owned = kept[0].id
            self.tried |= keys - {owner}

    @property
    def has_asked_nobody(self) -> bool:
        """Whether no key was tried so far."""
        return self._problem is None

    async def next(self, patience: Callable[[], float], *, alone: bool) -> Credential:
        """Return the key for the next attempt; waits for one to have room where that takes no longer than `patience`.

        That is asked only when none has room, and answers in seconds. `alone` says that nobody else can be asked.
        Raises the problem of the last one tried when none is left, or what `Keys.choose` raises.
        """
        keys, settings = self._keys, self._target.settings
        tokens = tokens_at_most(self._outline)
        self._take_back_limited()
        waits = keys.wait_s(settings, tokens, self._model, self.tried) > 0
        if waits or keys.queues.somebody_waits(settings, self._model):
            had_turn = await self._room(tokens, patience())
            if not had_turn:
                self._give_way(tokens, alone=alone)
        held = self._first or keys.holds.held(settings.name, self._conversation)
        credential = await keys.choose(self._target, self.tried, tokens, self._model, held)
        if credential is None and self._owned and self._problem is None:
            raise self._out_of_reach()
        if credential is None:
            raise self._limit or self._soon() or self._problem or Overloaded("all keys were tried", who=settings.name)
        return credential

    def _take_back_limited(self) -> None:
        """Once all were tried, those that only met a limit may be tried after it."""
        keys, settings = self._keys, self._target.settings
        if not self._again or not self._limited or keys.states(settings, self.tried):
            return
        met = [one for one in keys.states(settings) if one.key.id in self._limited]
        if any(one.waiting_helps(self._model) for one in met):
            self._again -= 1
            self.tried -= self._limited
            self._limited = frozenset()

    async def _room(self, tokens: int, patience: float) -> bool:
        """Wait until a key has room; whether one has."""
        keys, settings, model = self._keys, self._target.settings, self._model
        since, before = monotonic(), self.waited_s

        def room_s() -> float:
            return keys.wait_s(settings, tokens, model, self.tried)

        had_turn = await keys.queues.turn(settings, model, self._since, room_s, since + patience - before)
        self.waited_s = before + monotonic() - since
        if self.waited_s >= LEAST_TOLD_S:
            self.note = f"It waited {self.waited_s:.1f} s for room under a key's limit."
        return had_turn

    def _give_way(self, tokens: int, *, alone: bool) -> None:
        """Do not ask where a provider's limits will refuse it, unless nobody else asks: what was told may be wrong.

        Raises what it was refused with, or `RateLimited`.
        """
        settings, model, now = self._target.settings, self._model, monotonic()
        left = [one for one in self._keys.with_money(settings, self.tried) if not one.out and model not in one.barred]
        wait = min((one.limited_s(tokens, model, now) for one in left), default=0.0)
        somebody_asks = any(one.room.under_way(model) for one in self._keys.states(settings))
        if wait <= 0 or (alone and self._limit is None and not somebody_asks):
            return
        problem = self._limit or limited(settings, wait)
        problem.retry_after = problem.retry_after or wait
        raise problem

    def _out_of_reach(self) -> RateLimited:
        """Return what is wrong where the only key that could answer rests."""
        owner = next(key.id for key in self._target.settings.keys if key.id not in self.tried)
        problem = self._soon() or RateLimited("", who=self._target.settings.name)
        problem.message = f"{self._owned[:80]!r} belongs to the key {owner}, which rests."
        problem.next_step = "Try again when its rest is over; `hearth keys` says when that is."
        return problem

    def _soon(self) -> RateLimited | None:
        """Return when a key that was not tried has rested from a limit: more use to a caller than a key that is gone.

        None where no key rests for that alone.
        """
        settings, model, now = self._target.settings, self._model, monotonic()
        left = [one for one in self._keys.with_money(settings, self.tried) if not one.lost(now)]
        waits = [wait for one in left if 0 < (wait := one.limited_s(0.0, model, now)) < inf]
        return limited(settings, min(waits)) if waits else None

    def not_asked(
        self, call_id: str, number: int, candidate: Candidate, problem: ProviderProblem, reason: str
    ) -> Attempt:
        """Return what is written down of a target that was left out since no key had room."""
        address = str(self._target.settings.address)
        made = failed_load(call_id, number, candidate.target, problem, self.waited_s, reason, address)
        return replace(made, ending="refused")

    async def goes_on(self, upstream: Upstream, problem: ProviderProblem, *, committed: bool) -> bool:
        """Hold a failure against the key that it came with; whether another may be tried, or the same one renewed."""
        credential = upstream.credential
        changed = isinstance(problem, KeyRefused) and not committed and credential.id not in self._renewed
        if changed and await self._keys.renew(self._target, credential):
            self._renewed |= {credential.id}
            return True
        if isinstance(problem, OverBudget):
            self._keys.unused(self._target.settings.name, credential)
        else:
            began = upstream.started_ns / 1e9
            self._keys.rest(self._target.settings.name, credential.id, problem, self._model, began)
        self._problem = problem
        self.tried |= {credential.id}
        if isinstance(problem, RateLimited):
            self._limited |= {credential.id}
            self._limit = problem
        return not committed and problem.cause in OF_A_KEY


def tokens_at_most(outline: Outline) -> int:
    """Return how many tokens a request may use: its prompt, estimated, and what its answer may have."""
    answer = 0 if outline.operation == "embed" else outline.max_tokens or UNSAID_OUTPUT
    return estimate_tokens(outline) + answer


def used(attempt: Attempt) -> int | None:
    """Return the tokens that an attempt used; None when nobody knows, since its caller left."""
    if attempt.input_tokens is None and attempt.ending == "client_gone":
        return None
    return (attempt.input_tokens or 0) + (attempt.output_tokens or 0)
