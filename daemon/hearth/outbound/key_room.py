"""How much a key may still be used: what was counted here against the config's limits, and what its provider told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from hearth.dialects.dialect import Head
from hearth.outbound.rate_limits import Told, What, read_limits
from hearth_config.settings import Key, Provider

MINUTE_S: Final = 60.0
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


class Bucket:
    """One limit as its provider told it, kept up by our own counts until it says more.

    What nothing was heard of for a minute, and no reset was named for, is taken for whole again.
    """

    __slots__ = ("_at", "_fills", "_known_until", "_level", "_resets_at", "told")

    def __init__(self, told: Told, now: float, since: float = 0.0) -> None:
        """`since` is what was sent after the request whose reply told: the provider may not have counted it yet."""
        self.told = told
        self._at = now
        self._level = (told.remaining if told.remaining is not None else told.limit or 0.0) - since
        self._resets_at = None if told.reset_s is None else now + told.reset_s
        self._known_until = now + max(told.reset_s or 0.0, MINUTE_S)
        self._fills = 0.0
        if told.refills and told.reset_s and told.limit is not None and told.remaining is not None:
            self._fills = (told.limit - told.remaining) / told.reset_s

    def left(self, now: float) -> float:
        """Return how much is left now, by what it told; never negative, and infinite where that is not known."""
        whole = self.told.limit if self.told.limit is not None else float("inf")
        if now >= self._known_until:
            return whole
        if self._fills:
            self._level = min(self._level + self._fills * (now - self._at), whole)
        elif self._resets_at is not None and now >= self._resets_at:
            self._level, self._resets_at = whole, None
        self._at = now
        return max(self._level, 0.0)

    def take(self, amount: float, now: float) -> None:
        """Count what is being sent."""
        self.left(now)
        self._level -= amount

    def resets_s(self, now: float) -> float:
        """Return in how many seconds all of it is there again, as far as that is known; 0 where it is, or is not."""
        return self.wait_s(self.told.limit, now) if self.told.limit is not None else self._reset_in(now)

    def wait_s(self, amount: float, now: float) -> float:
        """Return in how many seconds there is room for this much; more than the limit needs the whole of it."""
        left = self.left(now)
        amount = amount if self.told.limit is None else min(amount, self.told.limit)
        if left >= amount:
            return 0.0
        known = self._known_until - now
        if self._fills:
            return min((amount - self._level) / self._fills, known)
        return self._reset_in(now) if self._resets_at is not None else known

    def _reset_in(self, now: float) -> float:
        return max(self._resets_at - now, 0.0) if self._resets_at is not None else 0.0


class Lease:
    """One use of a key under way: when it began, what was set aside for it, and how much had been used by then."""

    __slots__ = ("at", "heard", "limits", "room", "tokens", "tokens_before", "uses_before")

    def __init__(self, room: Room, limits: Limits, at: float, tokens: float) -> None:
        """Note how things stand in a key's room."""
        self.room = room
        self.limits = limits
        self.at = at
        self.tokens = tokens
        self.uses_before = room.uses
        self.tokens_before = room.tokens
        self.heard = False
        """Whether the reply's head was looked at."""

    def hear(self, head: Head, now: float, wall: float) -> None:
        """Take over what the reply's head tells of the key's limits; `wall` is time.time()."""
        if not self.heard:
            self.heard = True
            self.room.correct(read_limits(head, wall), self, now)


class Room:
    """One key's counts. Of the event loop alone; each question brings its moment."""

    __slots__ = ("_windows", "tokens", "told", "uses")

    def __init__(self) -> None:
        """Nothing was used, nothing was told."""
        self._windows: dict[tuple[str, str], Window] = {}
        self.told: dict[tuple[str, str], Bucket] = {}
        self.uses = 0
        self.tokens = 0.0

    def wait_s(self, limits: Limits, tokens: float, now: float) -> float:
        """Return in how many seconds the config's limits have room for one request of so many tokens; 0 is now."""
        waits = (window.wait_s(_need(what, tokens), limit, now) for what, _, window, limit in self.bounds(limits))
        return max(waits, default=0.0)

    def told_wait_s(self, tokens: float, now: float) -> float:
        """Return the same by what the provider told of its own limits."""
        return max((told.wait_s(_need(what, tokens), now) for (what, _), told in self.told.items()), default=0.0)

    def take(self, limits: Limits, tokens: float, now: float) -> Lease:
        """Count one request that is being sent, with the tokens set aside for it."""
        self.uses += 1
        self.tokens += tokens
        for what, _, window, _ in self.bounds(limits):
            window.add(_need(what, tokens), now)
        for (kind, _), bucket in self.told.items():
            bucket.take(_need(kind, tokens), now)
        return Lease(self, limits, now, tokens)

    def settle(self, lease: Lease, tokens: float, now: float, *, requests: int = 1) -> None:
        """Put what was really used in the place of what was set aside; `requests` 0: it was never sent."""
        for what, _, window, _ in self.bounds(lease.limits):
            more = requests - 1 if what == "requests" else tokens - lease.tokens
            if more:
                window.correct(more, lease.at, now)

    def correct(self, told: Iterable[Told], lease: Lease | None, now: float) -> None:
        """Believe what the provider told, less what was sent since the request that it answered."""
        uses = self.uses - lease.uses_before if lease is not None else 0
        tokens = self.tokens - lease.tokens_before if lease is not None else 0.0
        for one in told:
            self.told[one.what, one.per] = Bucket(one, now, tokens if "tokens" in one.what else uses)

    def recall(self, requests: int, tokens: int, at: float, now: float) -> None:
        """Count what an earlier run of the daemon used at a moment of the monotonic clock."""
        self._window("requests", "day").recall(requests, at, now)
        self._window("tokens", "day").recall(tokens, at, now)

    def bounds(self, limits: Limits) -> list[tuple[What, str, Window, int]]:
        """Return the limits that the config gives, as (what, per, counts, limit)."""
        return [(what, per, self._window(what, per), limit) for what, per, limit in limits.given]

    def _window(self, what: str, per: str) -> Window:
        found = self._windows.get((what, per))
        if found is None:
            found = self._windows[what, per] = Window(MINUTE_S if per == "minute" else DAY_S)
        return found


def _need(what: str, tokens: float) -> float:
    return 1.0 if what == "requests" else tokens
