"""How much a key may still be used: what was counted here against the config's limits, and what its provider told."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from hearth.dialects.dialect import Head
from hearth.outbound.keys.rate_limits import Told, What, read_limits
from hearth.outbound.keys.told import MINUTE_S, Buckets, Tally, ToldRoom, need
from hearth_config.settings import Key, Provider

DAY_S: Final = 86_400.0
SLOTS: Final = 60


class Limits(Struct, frozen=True):
    """What the config lets one key do: (what, per, limit) for each limit that it gives."""

    given: tuple[tuple[What, str, int], ...] = ()

    @classmethod
    def of(cls, settings: Key | Provider) -> Limits:
        """Return a key's limits; a provider that is asked without a key has limits of its own."""
        named: tuple[tuple[What, str, int | None], ...] = (
            ("requests", "minute", settings.requests_per_minute),
            ("tokens", "minute", settings.tokens_per_minute),
            ("requests", "day", settings.requests_per_day),
            ("tokens", "day", settings.tokens_per_day),
        )
        return cls(tuple((what, per, limit) for what, per, limit in named if limit is not None))


class Window:
    """What was counted during the last minute or day. Times are seconds of the monotonic clock, and may not go back.

    A bucket of this size would let nearly twice as much through in its first minute, and a provider that counts by
    the minute refuses that. Here no stretch of `seconds` ever holds more than was found to have room: counts are kept
    in slots of a sixtieth, and a slot stays for one more than it must, since requests arrive later than they are sent.
    """

    __slots__ = ("_slots", "seconds", "used", "width")

    def __init__(self, seconds: float) -> None:
        """Start with nothing counted."""
        self.seconds = seconds
        self.width = seconds / SLOTS
        self.used = 0.0
        self._slots: deque[list[float]] = deque()

    def add(self, amount: float, now: float) -> None:
        """Count this much."""
        self._forget(now)
        slot = now // self.width
        if self._slots and self._slots[-1][0] >= slot:
            self._slots[-1][1] += amount
        else:
            self._slots.append([slot, amount])
        self.used += amount

    def correct(self, more: float, at: float, now: float) -> None:
        """Change what was counted at a moment: what turns out to be more counts from now on, what is less did not."""
        if more > 0:
            self.add(more, now)
            return
        self._forget(now)
        slot = at // self.width
        for one in reversed(self._slots):
            if one[0] <= slot:
                less = min(-more, one[1]) if one[0] == slot else 0.0
                one[1] -= less
                self.used -= less
                return

    def recall(self, amount: float, at: float, now: float) -> None:
        """Count what was used before, at a moment of which nothing is known yet."""
        self._slots = deque(sorted((*self._slots, [at // self.width, amount]), key=lambda one: one[0]))
        self.used += amount
        self._forget(now)

    def slept(self, seconds: float) -> None:
        """Let so much time have passed that the clock did not count; less than a slot's time is left out."""
        for one in self._slots:
            one[0] -= seconds // self.width

    def left(self, limit: float, now: float) -> float:
        """Return how much is left of a limit."""
        self._forget(now)
        return max(limit - self.used, 0.0)

    def wait_s(self, amount: float, limit: float, now: float) -> float:
        """Return in how many seconds there is room for this much; more than the limit needs the whole of it."""
        self._forget(now)
        over = self.used + min(amount, limit) - limit
        if over <= 0:
            return 0.0
        for slot, held in self._slots:
            over -= held
            if over <= 1e-9:
                return max(self._end(slot) - now, 1e-3)
        return self.seconds

    def _end(self, slot: float) -> float:
        return (slot + 2) * self.width + self.seconds

    def _forget(self, now: float) -> None:
        while self._slots and self._end(self._slots[0][0]) <= now:
            self.used -= self._slots.popleft()[1]
        if not self._slots:
            self.used = 0.0


class Lease:
    """One use of a key under way: when it began, what was set aside for it, and how much had been used by then."""

    __slots__ = ("at", "before", "before_of_model", "heard", "limits", "model", "over", "room", "tokens")

    def __init__(self, room: Room, limits: Limits, at: float, tokens: float, model: str) -> None:
        """Note how things stand in a key's room."""
        self.room = room
        self.limits = limits
        self.at = at
        self.tokens = tokens
        self.model = model
        self.before = room.provider.sent("").copy()
        self.before_of_model = room.provider.sent(model).copy()
        self.heard = False
        """Whether the reply's head was looked at."""
        self.over = False

    def hear(self, head: Head, now: float, wall: float) -> None:
        """Take over what the reply's head tells of the key's limits; `wall` is time.time()."""
        if not self.heard:
            self.heard = True
            self.room.correct(read_limits(head, wall), self, now)

    def end(self) -> None:
        """Say that the use has ended, however it did."""
        if not self.over:
            self.over = True
            self.room.ended(self.model)


class Room:
    """One key's counts. Of the event loop alone; each question brings its moment."""

    __slots__ = ("_under_way", "_windows", "provider")

    def __init__(self) -> None:
        """Nothing was used, nothing was told."""
        self._windows: dict[tuple[str, str], Window] = {}
        self.provider = ToldRoom()
        """What the provider told of its own limits."""
        self._under_way: Counter[str] = Counter()

    @property
    def told(self) -> Buckets:
        """What the provider told of the whole key."""
        return self.provider.shared

    @property
    def uses(self) -> int:
        """How often it was used."""
        return self.provider.sent("").uses

    def wait_s(self, limits: Limits, tokens: float, now: float) -> float:
        """Return in how many seconds the config's limits have room for one request of so many tokens; 0 is now."""
        waits = (window.wait_s(need(what, tokens), limit, now) for what, _, window, limit in self.bounds(limits))
        return max(waits, default=0.0)

    def told_wait_s(self, tokens: float, now: float, model: str = "") -> float:
        """Return the same by what the provider told of its own limits."""
        return self.provider.wait_s(tokens, model, now)

    def take(self, limits: Limits, tokens: float, now: float, model: str = "") -> Lease:
        """Count one request that is being sent, with the tokens set aside for it."""
        self.provider.take(tokens, model, now)
        self._under_way.update({"", model})
        for what, _, window, _ in self.bounds(limits):
            window.add(need(what, tokens), now)
        return Lease(self, limits, now, tokens, model)

    def ended(self, model: str) -> None:
        """Say that a request that was counted is over."""
        self._under_way.subtract({"", model})
        if not self._under_way[model]:
            del self._under_way[model]

    def under_way(self, model: str = "") -> int:
        """Return how many requests for a model, in all for "", were counted and have not ended yet."""
        return self._under_way.get(model, 0)

    def settle(self, lease: Lease, tokens: float, now: float, *, requests: int = 1) -> None:
        """Put what was really used in the place of what was set aside; `requests` 0: it was never sent."""
        for what, _, window, _ in self.bounds(lease.limits):
            more = requests - 1 if what == "requests" else tokens - lease.tokens
            if more:
                window.correct(more, lease.at, now)
        if not requests:
            self.provider.take(-lease.tokens, lease.model, now, times=-1)

    def correct(self, told: Iterable[Told], lease: Lease | None, now: float, model: str = "") -> None:
        """Believe what the provider told, less what was sent since the request that it answered."""
        if lease is None:
            self.provider.hear(told, model, Tally(), Tally(), now)
            return
        since = _since(self.provider.sent(""), lease.before)
        of_model = _since(self.provider.sent(lease.model), lease.before_of_model)
        self.provider.hear(told, lease.model, since, of_model, now)

    def recall(self, requests: int, tokens: int, at: float, now: float) -> None:
        """Count what an earlier run of the daemon used at a moment of the monotonic clock."""
        self._window("requests", "day").recall(requests, at, now)
        self._window("tokens", "day").recall(tokens, at, now)

    def slept(self, seconds: float) -> None:
        """Let so much time have passed that the clock did not count."""
        for window in self._windows.values():
            window.slept(seconds)
        for _, _, bucket in self.provider.all():
            bucket.slept(seconds)

    def bounds(self, limits: Limits) -> list[tuple[What, str, Window, int]]:
        """Return the limits that the config gives, as (what, per, counts, limit)."""
        return [(what, per, self._window(what, per), limit) for what, per, limit in limits.given]

    def _window(self, what: str, per: str) -> Window:
        found = self._windows.get((what, per))
        if found is None:
            found = self._windows[what, per] = Window(MINUTE_S if per == "minute" else DAY_S)
        return found


def _since(now: Tally, before: Tally) -> Tally:
    """Return what was sent between two moments, the request of the earlier one left out."""
    return Tally(max(now.uses - before.uses, 0), max(now.tokens - before.tokens, 0.0))
