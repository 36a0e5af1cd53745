"""How one key stands: whether it was refused, rests, is tried again, or has room; never its value."""

from __future__ import annotations

from time import monotonic, time
from typing import Final

from msgspec.structs import replace

from hearth.dialects.dialect import Head
from hearth.outbound.circuit import CLOSED, Circuit
from hearth.outbound.keys.pace import Pace
from hearth.outbound.keys.rate_limits import read_limits
from hearth.outbound.keys.room import Limits, Room
from hearth.status_keys import KeyStatus, RoomStatus
from hearth_config.secrets import Secret
from hearth_config.settings import Key, Provider

READY: Final = "ready"
MISSING: Final = "missing"
"""Its secret cannot be had."""
FULL: Final = "full"
"""A limit of the config is reached."""
SPENT: Final = "spent"
"""The money that the config lets it cost is spent."""
REFUSED: Final = "key_refused"
QUOTA: Final = "quota_spent"
LIMITED: Final = "rate_limited"
TRIED: Final = "tried"
"""One call tries whether it is well again, and the others stay away meanwhile."""
_LIMITED: Final = frozenset((LIMITED, QUOTA))
GLANCE_S: Final = 0.25
"""How often what a provider tells of its limits is read while there is plenty of room."""
_LIMITS: Final = ("requests_per_minute", "tokens_per_minute", "requests_per_day", "tokens_per_day")


class KeyState:
    """One key of one provider; survives reloads. Times are seconds of the monotonic clock."""

    __slots__ = (
        "barred", "circuit", "current", "error", "error_at", "held_at", "key", "kind", "limited", "limits",
        "look_again", "look_at", "out", "paces", "provider", "refused_secret", "room", "said", "said_at", "stamp",
        "tried_at", "unread",
    )  # fmt: skip

    def __init__(self, provider: str, key: Key) -> None:
        """Nothing is known of it yet."""
        self.provider = provider
        self.key = key
        self.limits = Limits.of(key)
        self.room = Room()
        self.circuit: Circuit = CLOSED
        self.kind = ""
        """Why it rests, as a problem's kind."""
        self.out = ""
        """Why it is not used until something changes: `REFUSED` or `MISSING`."""
        self.barred: dict[str, str] = {}
        """The models that it may not use, with the provider's words."""
        self.limited: dict[str, float] = {}
        """The models of which a limit was met, and until when each rests."""
        self.paces: dict[str, Pace] = {}
        """Of which model limits were met lately, "" for the whole key, and what was found out of them."""
        self.refused_secret: Secret | None = None
        self.stamp: object = None
        self.look_at = 0.0
        """Not before then is its secret looked up to see whether it has changed."""
        self.look_again = 0.0
        """When the next head of a request that was not counted is read."""
        self.tried_at = 0.0
        self.held_at = 0.0
        """When something was last held against it."""
        self.said = False
        """Whether people were told that it is not used."""
        self.said_at = float("-inf")
        self.error = ""
        self.error_at: float | None = None
        self.current = 0.0
        """Its place in the turns that keys take by weight."""
        self.unread: tuple[Head, float, float, str] | None = None
        """A reply's head that was not looked at yet, with its moment by both clocks, and the model that was asked."""

    def use(self, key: Key) -> None:
        """Heed what the config of a call says of it."""
        if key is not self.key and key != self.key:
            self.key, self.limits = key, Limits.of(key)

    def well(self) -> bool:
        """Whether nothing is held against it, nor remembered to be."""
        return not (self.out or self.barred or self.limited or self.paces) and self.circuit == CLOSED

    @property
    def has_money_limit(self) -> bool:
        """Whether the config limits what it may cost; 0 is a limit too."""
        return self.key.daily_limit is not None or self.key.monthly_limit is not None

    def awake(self, now: float, model: str = "") -> bool:
        """Whether it may be used for a model as far as its provider is concerned."""
        rests = self.out or self.circuit.resting_until > now or (self.limited and self.limited.get(model, 0.0) > now)
        return not rests and not (self.barred and model in self.barred)

    def lost(self, now: float) -> bool:
        """Whether it was refused, or its quota is spent: it may be a long time before it can be used."""
        return bool(self.out) or (self.kind == QUOTA and self.circuit.resting_until > now)

    def ready_in(self, now: float, model: str = "") -> float:
        """Return in how many seconds its rest is over, for a model; a key that is out comes last."""
        until = max(self.circuit.resting_until, self.limited.get(model, 0.0))
        return float("inf") if self.out else max(until - now, 0.0)

    def pace_s(self, model: str) -> float:
        """Return for how long to wait since as many requests are under way as went well lately."""
        if not self.paces:
            return 0.0
        return max((pace.wait_s(self.room.under_way(of)) for of, pace in self._paces_of(model)), default=0.0)

    def waiting_helps(self, model: str) -> bool:
        """Whether a call that met its limit may get through after the rest."""
        return all(pace.helps for _, pace in self._paces_of(model))

    def passed(self, model: str) -> None:
        """Say that a request was answered, for the limits that were met lately."""
        for _, pace in self._paces_of(model):
            pace.passed()

    def forget_limits(self, now: float) -> None:
        """Forget what is over: rests of models, and limits that were not met for a while."""
        self.limited = {model: until for model, until in self.limited.items() if until > now}
        self.paces = {of: pace for of, pace in self.paces.items() if not pace.is_over(now)}

    def _paces_of(self, model: str) -> list[tuple[str, Pace]]:
        return [(of, self.paces[of]) for of in {"", model} if of in self.paces]

    def fails(self, now: float) -> bool:
        """Whether it rests for what went wrong with it, rather than for a limit: who waits for it gains nothing."""
        return self.circuit.resting_until > now and self.kind not in _LIMITED

    def wait_s(self, tokens: float, model: str, now: float) -> float:
        """Return in how many seconds it can be used for a request of so many tokens; infinite where nobody knows."""
        if self.out or (self.barred and model in self.barred):
            return float("inf")
        room = max(self.room.wait_s(self.limits, tokens, now), self.room.told_wait_s(tokens, now, model))
        return max(self.ready_in(now, model), room, self.pace_s(model))

    def limited_s(self, tokens: float, model: str, now: float) -> float:
        """Return for how many seconds its provider's limits keep it from serving a model, by all that is known."""
        told = self.room.told_wait_s(tokens, now, model)
        rest = self.ready_in(now) if self.kind == LIMITED else 0.0
        return max(told, rest, self.limited.get(model, 0.0) - now, 0.0)

    def rest(self, seconds: float, kind: str, now: float, *, probe: bool) -> None:
        """Let it rest; with `probe` only one call tries it when the rest is over."""
        self.kind = kind
        if probe:
            self.circuit = Circuit(trips=max(self.circuit.trips, 1), resting_until=now + seconds, reason=kind)
        else:
            self.circuit = self.circuit.rest(now + seconds, kind)

    def failed(self, reason: str, kind: str, now: float) -> None:
        """Count a fault; the fifth in a row means rest."""
        self.kind = kind
        self.circuit = self.circuit.failed(now, reason)

    def lift(self) -> None:
        """Trust it again."""
        self.circuit, self.kind, self.out, self.refused_secret = CLOSED, "", "", None
        self.barred.clear()

    def is_tight(self) -> bool:
        """Whether its provider told of a limit that so much is used of that each request must be counted."""
        provider = self.room.provider
        return provider.is_tight and provider.look(monotonic())

    def note_head(self, head: Head, model: str, now: float) -> None:
        """Keep the head of a reply to a request that was not counted; now and then, look at it."""
        if self.unread is not None and self.unread[3] != model:
            self.read_head()
        self.unread = (head, now, time(), model)
        if now >= self.look_again:
            self.look_again = now + GLANCE_S
            self.read_head()
            self.room.provider.look(now)

    def read_head(self) -> None:
        """Take over what the last reply told of the key's limits."""
        if self.unread is not None:
            (head, now, wall, model), self.unread = self.unread, None
            self.room.correct(read_limits(head, wall), None, now, model)

    def slept(self, seconds: float) -> None:
        """Let so much time have passed that the clock did not count: rests and limits end so much sooner."""
        if self.circuit.resting_until:
            self.circuit = replace(self.circuit, resting_until=self.circuit.resting_until - seconds)
        self.limited = {model: until - seconds for model, until in self.limited.items()}
        for pace in self.paces.values():
            pace.slept(seconds)
        self.read_head()
        self.room.slept(seconds)

    def say_error(self, words: str) -> None:
        """Remember what its provider last held against it."""
        self.error, self.error_at = words, time()

    def view(self, now: float, *, spent: bool) -> KeyStatus:
        """Return how it stands."""
        self.read_head()
        state, rests = self._standing(now, spent=spent)
        return KeyStatus(
            id=self.key.id,
            state=state,
            rests_s=rests,
            provider=self.provider,
            weight=self.key.weight,
            uses=self.room.uses,
            room=(*self._given(now), *self._told(now)),
            barred=tuple(self.barred),
            limited={model: round(until - now, 1) for model, until in self.limited.items() if until > now},
            last_error=self.error,
            last_error_at=self.error_at,
        )

    def _standing(self, now: float, *, spent: bool) -> tuple[str, float | None]:
        if self.out:
            return self.out, None
        rest = self.circuit.resting_until - now
        if rest > 0:
            return TRIED if self.circuit.probing else self.kind or "resting", round(rest, 1)
        if spent:
            return SPENT, None
        wait = self.room.wait_s(self.limits, 1.0, now)
        return (FULL, round(wait, 1)) if wait > 0 else (READY, None)

    def _given(self, now: float) -> list[RoomStatus]:
        return [
            RoomStatus(what, per, limit, round(window.left(limit, now)), _round(window.wait_s(limit, limit, now)))
            for what, per, window, limit in self.room.bounds(self.limits)
        ]

    def _told(self, now: float) -> list[RoomStatus]:
        return [
            RoomStatus(what, per, told.told.limit, int(left), _round(told.resets_s(now)), "provider", model)
            for model, (what, per), told in self.room.provider.all()
            if (left := told.left(now)) < float("inf")
        ]


def _round(seconds: float) -> float | None:
    return round(seconds, 1) if seconds > 0 else None


def keys_of(provider: Provider) -> tuple[Key, ...]:
    """Return a provider's keys; one that is asked without any has one without id and value, with its own limits."""
    if provider.keys:
        return provider.keys
    return (Key("", "", *(getattr(provider, name) for name in _LIMITS)),)
