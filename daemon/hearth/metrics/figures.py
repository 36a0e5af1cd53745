"""The running counts: each call that has ended is added once, to plain lists; nothing here grows with the calls."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hearth.metrics import known
from hearth.metrics.kinds import Distribution

if TYPE_CHECKING:
    from hearth.record import Attempt, CallRecord, Entry

MOST_TARGETS = 50
MOST_APPS = 50
MOST_CURRENCIES = 8
OTHER = "other"
"""Who comes when there are as many already as may be told apart."""
_TEXT_ROUTES = frozenset({"generate", "completions", "fim", "infill"})


class Histogram:
    """Counts by bucket, the last one above all bounds; and the sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are the upper ends of the buckets, each part of its bucket."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def distribution(self) -> Distribution:
        """Return what was seen so far."""
        return Distribution(tuple(self.counts), self.sum)


class Asked:
    """What one target showed of one kind of request: as a provider to Hearth, and in the calls it answered."""

    __slots__ = ("durations", "each", "first", "first_chunk", "input", "output", "served")

    def __init__(self) -> None:
        """Start at nothing seen; durations are told apart by the kind of problem, "" where all went well."""
        self.input = Histogram(known.TOKENS)
        self.output = Histogram(known.TOKENS)
        self.durations: dict[str, Histogram] = {}
        self.first_chunk = Histogram(known.SECONDS)
        self.served: dict[str, Histogram] = {}
        self.first = Histogram(known.FIRST_TOKEN)
        self.each = Histogram(known.EACH_TOKEN)


class OfTarget:
    """What one target showed in all."""

    __slots__ = ("asked", "cached", "costs", "endings", "estimated", "queue", "reasoning", "unpriced")

    def __init__(self) -> None:
        """Start at nothing seen."""
        self.asked: dict[str, Asked] = {}
        self.endings: dict[tuple[str, str], int] = {}
        self.cached = 0
        self.reasoning = 0
        self.estimated = 0
        self.unpriced = 0
        self.costs: dict[str, float] = {}
        self.queue = Histogram(known.SECONDS)


class Figures:
    """All counts since the daemon's start. `count` is called once a call, on the event loop."""

    def __init__(self) -> None:
        """Start at nothing seen."""
        self.targets: dict[tuple[str, str], OfTarget] = {}
        """By a target's name and place; the name is "" for calls that nobody was asked for."""
        self.calls: dict[tuple[str, str, str], int] = {}
        """By app, place and ending."""
        self.overhead = Histogram(known.OVERHEAD)
        self.lag = Histogram(known.LAG)
        self.last_lag = 0.0
        self._apps: set[str] = set()

    def heard_lag(self, seconds: float) -> None:
        """Take note of how late the event loop was."""
        self.last_lag = seconds
        self.lag.add(seconds)

    def count(self, entry: Entry) -> None:
        """Add a call that has ended, with its attempts."""
        call = entry.call
        operation = operation_of(call)
        for attempt in entry.attempts:
            _count_attempt(self._target(attempt.target, attempt.place), operation, attempt, streamed=call.stream)
        target = self._target(call.target, call.place)
        _count_call(target, operation, call)
        key = self._app(call.app), call.place, call.ending
        self.calls[key] = self.calls.get(key, 0) + 1
        self.overhead.add(call.overhead_ms / 1000)

    def _target(self, name: str, place: str) -> OfTarget:
        found = self.targets.get((name, place))
        if found is None:
            if len(self.targets) >= MOST_TARGETS:
                name = OTHER
            found = self.targets.setdefault((name, place), OfTarget())
        return found

    def _app(self, name: str) -> str:
        if name not in self._apps:
            if len(self._apps) >= MOST_APPS:
                return OTHER
            self._apps.add(name)
        return name


def operation_of(call: CallRecord) -> str:
    """Return what OpenTelemetry calls this kind of request (gen_ai.operation.name)."""
    if call.task == "embeddings":
        return "embeddings"
    return "text_completion" if call.route in _TEXT_ROUTES else "chat"


def _count_attempt(target: OfTarget, operation: str, attempt: Attempt, *, streamed: bool) -> None:
    asked = target.asked.get(operation)
    if asked is None:
        asked = target.asked[operation] = Asked()
    _timed(asked.durations, attempt.problem, attempt.total_ms)
    ending = attempt.ending, attempt.problem
    target.endings[ending] = target.endings.get(ending, 0) + 1
    if attempt.input_tokens is not None:
        asked.input.add(attempt.input_tokens)
    if attempt.output_tokens is not None:
        asked.output.add(attempt.output_tokens)
    answered = attempt.first_token_ms is not None
    if streamed and attempt.first_token_ms is not None:
        asked.first_chunk.add(attempt.first_token_ms / 1000)
    target.cached += attempt.cached_tokens or 0
    target.reasoning += attempt.reasoning_tokens or 0
    target.estimated += attempt.estimated
    if attempt.cost is None:
        target.unpriced += answered or attempt.ending == "complete"
    elif attempt.cost:
        _add_cost(target.costs, attempt.currency, attempt.cost)


def _add_cost(costs: dict[str, float], currency: str, cost: float) -> None:
    if currency in costs or len(costs) < MOST_CURRENCIES:
        costs[currency] = costs.get(currency, 0.0) + cost


def _count_call(target: OfTarget, operation: str, call: CallRecord) -> None:
    asked = target.asked.get(operation)
    if asked is None:
        asked = target.asked[operation] = Asked()
    _timed(asked.served, call.problem, call.total_ms)
    target.queue.add(call.queue_ms / 1000)
    if call.ending != "complete" or call.first_token_ms is None:
        return
    asked.first.add(call.first_token_ms / 1000)
    tokens = call.output_tokens
    if call.stream and tokens is not None and tokens > 1:
        asked.each.add((call.total_ms - call.first_token_ms) / 1000 / (tokens - 1))


def _timed(durations: dict[str, Histogram], problem: str, milliseconds: float) -> None:
    found = durations.get(problem)
    if found is None:
        found = durations[problem] = Histogram(known.SECONDS)
    found.add(milliseconds / 1000)
