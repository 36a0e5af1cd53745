"""How providers and models are, as frozen values: what their calls showed, and the last look at them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class CheckStatus(Struct, frozen=True):
    """A look at a provider or model: seconds ago, what was asked ("list" or "token"), how long it took, what failed."""

    ago_s: float
    what: str
    took_ms: float
    error: str = ""


class HealthStatus(Struct, frozen=True):
    """A provider ("name") or a model ("provider/model") as its calls show it. Times are seconds; None is not known.

    `state` is "well"; "doubted" after failures; "rests" while its circuit is open; "tried" while one call tries it.
    `failures` counts those in a row, `success` is the share of good endings lately. `quiet_s` is the longest time since
    the last token among calls in flight.
    """

    name: str
    place: str
    state: Literal["well", "doubted", "rests", "tried"] = "well"
    why: str = ""
    rests_s: float | None = None
    failures: int = 0
    success: float | None = None
    errors: dict[str, int] = {}
    in_flight: int = 0
    quiet_s: float | None = None
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    check: CheckStatus | None = None
