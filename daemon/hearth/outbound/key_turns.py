"""The keys that one call goes with at one provider, one attempt after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from msgspec.structs import replace

from hearth.outbound.loading import failed_load
from hearth.problems import KeyRefused, OverBudget, Overloaded, Problem, ProviderProblem
from hearth.record import Attempt
from hearth.routing.expected import estimate_tokens

if TYPE_CHECKING:
    from hearth.call import Outline
    from hearth.outbound.keys import Credential, Keys
    from hearth.outbound.upstream import Target
    from hearth.routing.plan import Candidate

UNSAID_OUTPUT = 512
"""The tokens set aside for an answer whose length nobody limited, until they are counted."""
LEAST_TOLD_S = 0.05
_OF_A_KEY = frozenset(("auth", "quota", "rate_limit"))


class KeyTurns:
    """Hands out a provider's keys in turn; each is tried once, and once more when its secret has changed."""

    __slots__ = ("_keys", "_model", "_outline", "_problem", "_renewed", "_target", "note", "tried", "waited_s")

    def __init__(self, keys: Keys, target: Target, outline: Outline, model: str) -> None:
        """Nothing is chosen yet."""
        self._keys = keys
        self._target = target
        self._outline = outline
        self._model = model
        self._problem: Problem | None = None
        self._renewed: frozenset[str] = frozenset()
        self.tried: frozenset[str] = frozenset()
        self.waited_s = 0.0
        """How long this call waited for a key to have room."""
        self.note = ""
        """What `hearth why` tells of that wait."""

    async def next(self, patience: Callable[[], float]) -> Credential:
        """Return the key for the next attempt; waits for one to have room where that takes no longer than `patience`.

        That is asked only when none has room, and answers in seconds.
        Raises the problem of the last one tried when none is left, or what `Keys.choose` raises.
        """
        keys, settings = self._keys, self._target.settings
        tokens = tokens_at_most(self._outline)
        if keys.wait_s(settings, tokens, self._model, self.tried) > 0:
            await self._room(tokens, patience())
        credential = await keys.choose(self._target, self.tried, tokens, self._model)
        if credential is None:
            raise self._problem or Overloaded("all keys were tried", who=settings.name)
        return credential

    async def _room(self, tokens: int, patience: float) -> None:
        since, before = monotonic(), self.waited_s
        while (wait := self._keys.wait_s(self._target.settings, tokens, self._model, self.tried)) > 0:
            if self.waited_s + wait > patience:
                break
            await asyncio.sleep(wait)
            self.waited_s = before + monotonic() - since
        if self.waited_s >= LEAST_TOLD_S:
            self.note = f"It waited {self.waited_s:.1f} s for room under a key's limit."

    def not_asked(
        self, call_id: str, number: int, candidate: Candidate, problem: ProviderProblem, reason: str
    ) -> Attempt:
        """Return what is written down of a target that was left out since no key had room."""
        address = str(self._target.settings.address)
        made = failed_load(call_id, number, candidate.target, problem, self.waited_s, reason, address)
        return replace(made, ending="refused")

    async def goes_on(self, credential: Credential, problem: ProviderProblem, *, committed: bool) -> bool:
        """Hold a failure against the key that it came with; whether another may be tried, or the same one renewed."""
        changed = isinstance(problem, KeyRefused) and not committed and credential.id not in self._renewed
        if changed and await self._keys.renew(self._target, credential):
            self._renewed |= {credential.id}
            return True
        if isinstance(problem, OverBudget):
            self._keys.unused(self._target.settings.name, credential)
        else:
            self._keys.rest(self._target.settings.name, credential.id, problem, self._model)
        self._problem = problem
        self.tried |= {credential.id}
        return not committed and problem.cause in _OF_A_KEY


def tokens_at_most(outline: Outline) -> int:
    """Return how many tokens a request may use: its prompt, estimated, and what its answer may have."""
    answer = 0 if outline.operation == "embed" else outline.max_tokens or UNSAID_OUTPUT
    return estimate_tokens(outline) + answer


def used(attempt: Attempt) -> int | None:
    """Return the tokens that an attempt used; None when nobody knows, since its caller left."""
    if attempt.input_tokens is None and attempt.ending == "client_gone":
        return None
    return (attempt.input_tokens or 0) + (attempt.output_tokens or 0)
