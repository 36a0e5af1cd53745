"""What is said of keys: how each stands, how much room it has, and what a trial showed; never a value."""

from __future__ import annotations

from msgspec import Struct


class RoomStatus(Struct, frozen=True):
    """One limit of a key: `what` is requests or tokens, `per` minute, hour, day or "" where it was not said.

    `source` is config, or provider for what its replies told; `resets_s` is when all of it is there again. `model` is
    the one that it limits, "" where it limits the whole key.
    """

    what: str
    per: str
    limit: float | None
    left: int
    resets_s: float | None = None
    source: str = "config"
    model: str = ""


class KeyStatus(Struct, frozen=True):
    """One key, by its id; never its value.

    `state` is ready, or why it is not used: a problem's kind (key_refused, rate_limited, quota_spent, …), missing (it
    cannot be had), full (a limit of the config is reached), spent (its money is), tried (one call finds out whether it
    is well again). `rests_s` is for how long; None where it takes a change of the config, of the secret, or
    `hearth keys test`. `barred` are the models it may not use, `limited` those whose own limit was met, and for how
    many seconds each rests.
    """

    id: str
    state: str
    rests_s: float | None = None
    provider: str = ""
    weight: float = 1.0
    uses: int = 0
    room: tuple[RoomStatus, ...] = ()
    barred: tuple[str, ...] = ()
    limited: dict[str, float] = {}
    last_error: str = ""
    last_error_at: float | None = None


class KeyTrial(Struct, frozen=True):
    """What showing a key to its provider said: good, refused, failed (the provider, not the key), or unknown."""

    provider: str
    id: str
    state: str
    said: str = ""


class KeyTrials(Struct, frozen=True):
    """The trials of several keys."""

    keys: tuple[KeyTrial, ...]


class ProviderKeys(Struct, frozen=True):
    """The keys of one provider."""

    provider: str
    keys: tuple[KeyStatus, ...]
