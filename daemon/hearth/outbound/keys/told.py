"""What a provider told of a key's limits: of the whole key, and of single models; kept up by our own counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hearth.outbound.keys.rate_limits import Told

MINUTE_S: Final = 60.0
SOONEST_S: Final = 1e-3
"""A limit that is whole again sooner than this is not filled step by step."""
MOST_MODELS: Final = 256
"""What was told of so many models is remembered; one more, and all of it is heard anew."""
PLENTY_SHARE: Final = 0.5
PLENTY: Final = 1000.0
"""What counts as plenty where a provider tells what is left, and not of how much."""
Buckets = dict[tuple[str, str], "Bucket"]
"""By what is counted (requests, tokens, …) and per which time, as far as it was said."""


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
        if told.refills and told.limit is not None and told.remaining is not None and (told.reset_s or 0) >= SOONEST_S:
            self._fills = (told.limit - told.remaining) / (told.reset_s or SOONEST_S)

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

    def slept(self, seconds: float) -> None:
        """Let so much time have passed that the clock did not count."""
        self._at -= seconds
        self._known_until -= seconds
        if self._resets_at is not None:
            self._resets_at -= seconds

    def _reset_in(self, now: float) -> float:
        return max(self._resets_at - now, 0.0) if self._resets_at is not None else 0.0


class Tally:
    """What was sent so far: requests, and the tokens set aside for them."""

    __slots__ = ("tokens", "uses")

    def __init__(self, uses: int = 0, tokens: float = 0.0) -> None:
        """Start with these."""
        self.uses = uses
        self.tokens = tokens

    def copy(self) -> Tally:
        """Return how things stand now."""
        return Tally(self.uses, self.tokens)


class ToldRoom:
    """The limits of one key that its provider told: those of the key, and those of each model."""

    __slots__ = ("_sent", "is_tight", "of_model", "shared")

    def __init__(self) -> None:
        """Nothing was told."""
        self.shared: Buckets = {}
        self.of_model: dict[str, Buckets] = {}
        self._sent: dict[str, Tally] = {"": Tally()}
        self.is_tight = False
        """Whether, when it was looked at last, more than half of a limit was used."""

    def sent(self, model: str) -> Tally:
        """Return what was sent for a model; for "" what was sent in all."""
        found = self._sent.get(model)
        if found is None:
            if len(self._sent) > MOST_MODELS:
                self._sent = {"": self._sent[""]}
                self.of_model.clear()
            found = self._sent[model] = Tally()
        return found

    def take(self, tokens: float, model: str, now: float, *, times: int = 1) -> None:
        """Count what is being sent for a model; `times` -1 and a negative count take back what was never sent."""
        for name in {"", model}:
            tally = self.sent(name)
            tally.uses += times
            tally.tokens += tokens
        for (what, _), bucket in self._heeded(model):
            bucket.take(times * need(what, times * tokens), now)

    def hear(self, told: Iterable[Told], model: str, since: Tally, since_of_model: Tally, now: float) -> None:
        """Believe what was told, less what was sent after the request whose reply told it, in all and for its model."""
        for one in told:
            of_model = one.by_model and model != ""
            later = since_of_model if of_model else since
            buckets = self.of_model.setdefault(model, {}) if of_model else self.shared
            buckets[one.what, one.per] = Bucket(one, now, later.tokens if "tokens" in one.what else later.uses)

    def wait_s(self, tokens: float, model: str, now: float) -> float:
        """Return in how many seconds there is room for a request of so many tokens for a model; 0 is now."""
        return max((bucket.wait_s(need(what, tokens), now) for (what, _), bucket in self._heeded(model)), default=0.0)

    def look(self, now: float) -> bool:
        """Find out whether more than half of a limit is used, so that each request must be counted."""
        self.is_tight = any(bucket.left(now) < _plenty(bucket.told) for _, _, bucket in self.all())
        return self.is_tight

    def used_up(self, model: str, now: float) -> tuple[Bucket, ...]:
        """Return the limits of a model, of the key for "", of which nothing is left."""
        limits = self.of_model.get(model, {}) if model else self.shared
        return tuple(bucket for bucket in limits.values() if bucket.left(now) < 1)

    def all(self) -> Iterator[tuple[str, tuple[str, str], Bucket]]:
        """Yield each limit, with the model that it is of, "" for one of the key."""
        for model, buckets in {"": self.shared, **self.of_model}.items():
            yield from ((model, name, bucket) for name, bucket in buckets.items())

    def _heeded(self, model: str) -> list[tuple[tuple[str, str], Bucket]]:
        limits = list(self.shared.items())
        if model in self.of_model:
            limits += self.of_model[model].items()
        return limits


def _plenty(told: Told) -> float:
    return PLENTY if told.limit is None else told.limit * PLENTY_SHARE


def need(what: str, tokens: float) -> float:
    """Return how much of a limit one request of so many tokens takes."""
    return 1.0 if what == "requests" else tokens
