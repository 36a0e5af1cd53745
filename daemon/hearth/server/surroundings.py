"""What one call is answered with: the daemon's living parts, and the config of the moment it was planned.

A reload swaps the config for new calls; this one keeps its providers, keys and times to its end (F52, F53).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hearth.outbound.keys.turns import tokens_at_most
from hearth.routing.expected import estimate_tokens, expected_first_token, is_cold

if TYPE_CHECKING:
    from hearth.call import Call
    from hearth.generation import ProviderRuntime
    from hearth.outbound.keys.holds import Conversation
    from hearth.outbound.lanes import Lane
    from hearth.outbound.paying import Till
    from hearth.outbound.upstream import Upstream
    from hearth.problems import Problem
    from hearth.routing.plan import Candidate
    from hearth.server.core import Core

LOCAL_FIRST_TOKEN_S = 600.0
WATCHED_FIRST_TOKEN_S = 1800.0
"""An Ollama on this machine is watched while it is silent (F3): one that is dead is given up long before."""
CLOUD_FIRST_TOKEN_S = 120.0


class CallSurroundings:
    """The `Surroundings` of one call; make it together with the call's plan."""

    __slots__ = ("_core", "_generation", "keys", "pool", "retries", "till")

    def __init__(self, core: Core) -> None:
        """Keep the generation of now."""
        self._core = core
        self._generation = core.generation
        self.pool = core.pool
        self.keys = core.keys
        self.retries = core.retries
        self.till: Till = core.till

    @property
    def patience_s(self) -> float:
        """How long the call waits for a local model while somebody else could be asked."""
        return self._generation.settings.busy.patience

    def target(self, provider: str) -> ProviderRuntime:
        """Return a provider of the call's generation."""
        return self._generation.providers[provider]

    def lane(self, candidate: Candidate) -> Lane | None:
        """Return the lane of a candidate's model; None where nobody queues."""
        return self._core.lanes.of(candidate.target)

    def first_token_s(self, candidate: Candidate) -> float | None:
        """Return how long the first token may take: what the config says, else by place."""
        configured = self.target(candidate.target.provider).settings.timeouts.first_token
        if configured is not None:
            return configured
        if candidate.target.place != "machine":
            return CLOUD_FIRST_TOKEN_S
        return WATCHED_FIRST_TOKEN_S if candidate.target.dialect == "ollama" else LOCAL_FIRST_TOKEN_S

    def worth_waiting_s(self, call: Call, candidate: Candidate, later: Sequence[Candidate]) -> float:
        """Return for how long to wait for a candidate's key to have room: no longer than the best other would take."""
        if not later:
            return self.patience_s
        best = min(self._room_s(call, other) + self._expected_s(call, other) for other in later)
        return min(max(best - self._expected_s(call, candidate), 0.0), self.patience_s)

    def _room_s(self, call: Call, candidate: Candidate) -> float:
        """Return how long until a key of a candidate has room."""
        target = candidate.target
        settings = self.target(target.provider).settings
        return self.keys.wait_s(settings, tokens_at_most(call.outline), target.model)

    def _expected_s(self, call: Call, candidate: Candidate) -> float:
        """Return how long a candidate takes to its first token, once it is asked."""
        world, target = self._core.world(), candidate.target
        state, tokens = world.states[target.name], estimate_tokens(call.outline)
        cold, size = is_cold(target, state), target.info.size
        return expected_first_token(state, tokens, now=world.now, machine=world.machine, cold=cold, size=size)

    def conversation(self, call: Call) -> Conversation | None:
        """Return the conversation that a call is part of; None where it is part of none."""
        return self._core.choosing.sticky.conversation(call)

    def rest_s(self, candidate: Candidate) -> float:
        """Return for how many seconds a candidate still rests; 0 or less when it does not."""
        return self._core.rest_s(candidate)

    def trying(self, upstream: Upstream) -> None:
        """Take note that an attempt begins."""
        self._core.trying(upstream)

    def left(self, upstream: Upstream) -> None:
        """Take note that an attempt has ended, however it did."""
        self._core.left(upstream)
        if not upstream.meter.first_ns and upstream.sent_ns and upstream.head is None:
            self._core.lanes.abandoned(upstream)

    def noticed(self, upstream: Upstream, problem: Problem | None) -> None:
        """Take note of how an attempt ended."""
        self._core.noticed(upstream, problem)
