"""The running counts: each call that has ended is added once, to plain lists; nothing here grows with the calls.

They are added up a batch at a time, or when somebody looks: one by one that took twice as long.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
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
BATCH = 8
"""So many calls wait at most to be added up: a call would notice if it were hundreds."""
FOLDED = 256
"""So many values of one histogram wait at most: to count them takes hardly longer than to count ten."""
_TEXT_ROUTES = frozenset({"generate", "completions", "fim", "infill"})


class Histogram:
    """Counts by bucket, the last one above all bounds; and the sum."""

    __slots__ = ("_counts", "_seen", "_sum", "bounds", "see")

    def __init__(self, bounds: Sequence[float]) -> None:
        """`bounds` are the upper ends of the buckets, each part of its bucket."""
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._seen: list[float] = []
        self.see = self._seen.append
        """Takes a value that `fold` counts."""

    def fold(self) -> None:
        """Count what was seen since the last time."""
        seen, before = self._seen, 0
        seen.sort()
        for place, bound in enumerate(self.bounds):
            upto = bisect_right(seen, bound, before)
            self._counts[place] += upto - before
            before = upto
        self._counts[-1] += len(seen) - before
        self._sum += sum(seen)
        seen.clear()

    @property
    def full(self) -> bool:
        """Whether so much was seen that it should be counted."""
        return len(self._seen) >= FOLDED

    def distribution(self) -> Distribution:
        """Return what was seen so far."""
        self.fold()
        return Distribution(tuple(self._counts), self._sum)


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

    def histograms(self) -> Iterator[Histogram]:
        """Yield all there are."""
        yield from (self.input, self.output, self.first_chunk, self.first, self.each)
        yield from self.durations.values()
        yield from self.served.values()


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

    def fold(self) -> None:
        """Count what was seen, where that is much."""
        if self.queue.full:
            self.queue.fold()
        for asked in self.asked.values():
            for histogram in asked.histograms():
                if histogram.full:
                    histogram.fold()


class Figures:
    """All counts since the daemon's start. `count` is called once a call, on the event loop; `add_up` before a look."""

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
        self._waiting: list[Entry] = []

    def heard_lag(self, seconds: float) -> None:
        """Take note of how late the event loop was."""
        self.last_lag = seconds
        self.lag.see(seconds)
        if self.lag.full:
            self.lag.fold()

    def count(self, entry: Entry) -> None:
        """Take a call that has ended, with its attempts."""
        self._waiting.append(entry)
        if len(self._waiting) >= BATCH:
            self.add_up()

    def add_up(self) -> None:
        """Add what waits, so that everything here is of now."""
        waiting, self._waiting = self._waiting, []
        touched: set[OfTarget] = set()
        for entry in waiting:
            self._add(entry, touched)
        if self.overhead.full:
            self.overhead.fold()
        for target in touched:
            target.fold()

    def _add(self, entry: Entry, touched: set[OfTarget]) -> None:
        call = entry.call
        operation = operation_of(call)
        refused = call.ending == "refused"
        target = self._target("", "") if refused else self._target(call.target, call.place)
        for attempt in entry.attempts:
            same = attempt.target == call.target and not refused
            asked = target if same else self._target(attempt.target, attempt.place)
            _count_attempt(asked, operation, attempt, streamed=call.stream)
            touched.add(asked)
        _count_call(target, operation, call)
        touched.add(target)
        key = self._app(call.app), call.place, call.ending
        self.calls[key] = self.calls.get(key, 0) + 1
        self.overhead.see(call.overhead_ms / 1000)

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
    ending = attempt.ending, attempt.problem
    target.endings[ending] = target.endings.get(ending, 0) + 1
    if attempt.ending == "refused":
        return
    asked = target.asked.get(operation)
    if asked is None:
        asked = target.asked[operation] = Asked()
    _timed(asked.durations, attempt.problem, attempt.total_ms)
    if attempt.input_tokens is not None:
        asked.input.see(attempt.input_tokens)
    if attempt.output_tokens is not None:
        asked.output.see(attempt.output_tokens)
    answered = attempt.first_token_ms is not None
    if streamed and attempt.first_token_ms is not None:
        asked.first_chunk.see(attempt.first_token_ms / 1000)
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
    if call.ending != "refused":
        target.queue.see(call.queue_ms / 1000)
    if call.ending != "complete" or call.first_token_ms is None:
        return
    asked.first.see(call.first_token_ms / 1000)
    tokens = call.output_tokens
    if call.stream and tokens is not None and tokens > 1:
        asked.each.see((call.total_ms - call.first_token_ms) / 1000 / (tokens - 1))


def _timed(durations: dict[str, Histogram], problem: str, milliseconds: float) -> None:
    found = durations.get(problem)
    if found is None:
        found = durations[problem] = Histogram(known.SECONDS)
    found.see(milliseconds / 1000)
