"""Who is well: what each attempt's end says about a target and its provider. Nothing here asks anybody or waits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Mapping

from msgspec.structs import replace

from hearth.outbound.circuit import CLOSED, Circuit
from hearth.problems import Problem, ProviderProblem, ProviderRefusal, TimedOut, Unreachable
from hearth.routing.world import UNKNOWN_PROVIDER, ProviderState
from hearth.senses.suspend import Clock, SuspendWatch, with_sleep

REFUSED_REST_S = 2.0
LONGEST_ASKED_REST_S = 3600.0
"""A provider that asks for a longer pause is tried after an hour all the same."""
GRACE_S = 5.0
"""After a sleep the connections of before fail one by one: that says nothing about the provider."""
TOGETHER_S = 1.0
TRUSTED = (0.0, "", "")

_OF_A_KEY = frozenset({"auth", "quota"})
"""These rest a key (`outbound.keys`), never a target: another key may do."""


class HealthSense:
    """Circuits of targets and providers, kept in mappings that a World may look into. The event loop's alone."""

    def __init__(
        self,
        on_resume: Callable[[], None] = lambda: None,
        *,
        clock: Clock = time.monotonic,
        with_sleep: Clock = with_sleep,
    ) -> None:
        """`on_resume` is called when the machine turns out to have slept: to drop idle connections and old listings."""
        self._on_resume = on_resume
        self._clock = clock
        self._suspend = SuspendWatch(clock, with_sleep)
        self._targets: dict[str, Circuit] = {}
        self._routes: dict[str, Circuit] = {}
        self._providers: dict[str, ProviderState] = {}
        self._errors: dict[str, Counter[str]] = {}
        self._timed_out_at: dict[str, float] = {}
        self._grace_until = 0.0
        self.slept_s = 0.0
        """How long the machine slept, when it was looked at last."""
        self.tell: Callable[[str, str, float], None] = _nobody
        """Hears "target_down" or "target_back", of whom (a target or a provider), and for how many seconds it rests."""

    @property
    def providers(self) -> Mapping[str, ProviderState]:
        """The state of each provider that anything is known of; a live mapping of frozen values."""
        return self._providers

    @property
    def errors(self) -> Mapping[str, Mapping[str, int]]:
        """How often each target failed since start, by the kind of problem."""
        return self._errors

    def target_rest(self, target: str) -> tuple[float, str, str]:
        """Return until when (monotonic seconds) a target rests, why, and that in short; `TRUSTED` for one that is."""
        circuit = self._targets.get(target)
        return TRUSTED if circuit is None else (circuit.resting_until, circuit.reason, circuit.code)

    def circuit(self, name: str) -> Circuit:
        """Return the circuit of a target ("provider/model") or of the way to a provider ("provider")."""
        known = self._targets if "/" in name else self._routes
        return known.get(name, CLOSED)

    def check_suspend(self) -> bool:
        """Find out whether the machine has slept; if so forget all rests. Ask when a call begins."""
        self.slept_s = self._suspend.slept()
        if not self.slept_s:
            return False
        self._grace_until = self._clock() + GRACE_S
        self._targets.clear()
        self._routes.clear()
        for name in self._providers:
            self._show(name, resting_until=0.0, rest_reason="", reachable=None)
        self._on_resume()
        return True

    def trying(self, target: str) -> None:
        """Say that an attempt begins: if it is the first after a rest, the others stay away until it has ended."""
        if not self._targets and not self._routes:
            return
        now, name = self._clock(), _provider_of(target)
        if (circuit := self._targets.get(target)) is not None:
            self._targets[target] = circuit.trying(now)
        if (route := self._routes.get(name)) is not None:
            self._set_route(name, route.trying(now))

    def succeeded(self, target: str) -> None:
        """Say that an attempt ended well: target and provider are trusted again."""
        if self._targets:
            self._close(self._targets, target)
        self.reached(_provider_of(target), reachable=True)

    def failed(self, target: str, problem: Problem) -> bool:
        """Say that an attempt ended in a problem; returns whether that tells against the target.

        A problem of our own does not, nor what a key or a request is to blame for.
        """
        if not isinstance(problem, ProviderProblem):
            return False
        self._errors.setdefault(target, Counter())[problem.kind] += 1
        self.check_suspend()
        name, now = _provider_of(target), self._clock()
        self._show(name, last_error=problem.text)
        if now < self._grace_until:
            return False
        if isinstance(problem, Unreachable):
            self._unreachable(name, problem, now)
            return True
        if isinstance(problem, ProviderRefusal):
            self._close(self._targets, target)
            return False
        if problem.cause in _OF_A_KEY or problem.cause == "missing":
            return False
        self._ill(target, problem, now)
        return True

    def reached(self, provider: str, *, reachable: bool | None, error: str = "") -> None:
        """Say what asking a provider for its models showed. True ends the rest that its silence had earned."""
        if reachable:
            if self._routes:
                self._close(self._routes, provider)
            known = self._providers.get(provider, UNKNOWN_PROVIDER)
            if known.resting_until or not known.reachable:
                self._show(provider, reachable=True, resting_until=0.0, rest_reason="")
        else:
            self._show(provider, reachable=reachable, last_error=error)

    def keys_usable(self, provider: str, count: int | None) -> None:
        """Say how many of a provider's keys can be used now; None: it needs none."""
        self._show(provider, keys_usable=count)

    def keep(self, providers: Container[str]) -> None:
        """Forget all that is known of other providers: a reload has removed or changed them."""
        for known in (self._targets, self._errors, self._timed_out_at):
            for target in [name for name in known if _provider_of(name) not in providers]:
                del known[target]
        for known_provider in [name for name in {*self._routes, *self._providers} if name not in providers]:
            self._routes.pop(known_provider, None)
            self._providers.pop(known_provider, None)

    def _unreachable(self, name: str, problem: Problem, now: float) -> None:
        """Let the provider rest: for a moment at once, for longer when it stays away."""
        before = self._routes.get(name, CLOSED)
        route = before.failed(now, problem.message)
        self._set_route(name, route.rest(now + REFUSED_REST_S, problem.message))
        self._say_down(name, before, route)

    def _ill(self, target: str, problem: ProviderProblem, now: float) -> None:
        circuit = self._targets.get(target, CLOSED)
        code = problem.kind if problem.cause == "rate_limit" else ""
        if problem.retry_after and problem.cause in ("rate_limit", "overloaded"):
            pause = min(problem.retry_after, LONGEST_ASKED_REST_S)
            self._targets[target] = circuit.rest(now + pause, problem.message, code)
            return
        if isinstance(problem, TimedOut) and self._timed_out_with_others(target, now):
            return
        self._targets[target] = failed = circuit.failed(now, problem.message, code)
        self._say_down(target, circuit, failed)

    def _timed_out_with_others(self, target: str, now: float) -> bool:
        """Whether a call just before this one timed out too: they were stalled together, perhaps by us (F36)."""
        before, self._timed_out_at[target] = self._timed_out_at.get(target), now
        return before is not None and now - before < TOGETHER_S

    def _say_down(self, name: str, before: Circuit, after: Circuit) -> None:
        if after.trips and not before.trips:
            self.tell("target_down", name, after.resting_until - self._clock())

    def _close(self, circuits: dict[str, Circuit], name: str) -> None:
        """Trust somebody again."""
        if name in circuits and circuits.pop(name).trips:
            self.tell("target_back", name, 0.0)

    def _set_route(self, name: str, route: Circuit) -> None:
        self._routes[name] = route
        self._show(name, resting_until=route.resting_until, rest_reason=route.reason)

    def _show(self, name: str, **facts: object) -> None:
        self._providers[name] = replace(self._providers.get(name, UNKNOWN_PROVIDER), **facts)


def _nobody(what: str, who: str, rests_s: float) -> None:
    """Hear nothing."""


def _provider_of(target: str) -> str:
    return target.partition("/")[0]
