"""Where a month will end: what is spent so far, and the days ahead at the pace of the days lately, with a range."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from math import sqrt

from msgspec import Struct

LOOK_BACK = 28
"""Days whose pace counts."""
LIKELY = 1.28
"""Standard deviations on either side of the middle between which eight of ten months end."""


class Forecast(Struct, frozen=True):
    """What a month will have cost in one currency: likely between `low` and `high`, most likely `middle`.

    `days` says from how many days' pace that is told: with fewer than two there is no telling, and the range is open
    (None).
    """

    currency: str
    spent: float
    middle: float | None
    low: float | None
    high: float | None
    days: int


def forecast(by_day: Mapping[str, float], today: date, currency: str, share_of_today: float = 0.5) -> Forecast:
    """Return the forecast for the month of `today` from sums by day ("2026-11-21").

    `share_of_today` (0 to 1) is how much of today is over. Days before the first sum are not counted as idle.
    """
    spent = sum(amount for day, amount in by_day.items() if day.startswith(f"{today:%Y-%m}"))
    past = _past(by_day, today)
    if len(past) < 2:
        return Forecast(currency, spent, None, None, None, len(past))
    mean = sum(past) / len(past)
    variance = sum((one - mean) ** 2 for one in past) / (len(past) - 1)
    ahead = _days_left(today) + 1 - share_of_today
    # The days ahead scatter as days do, and the mean itself is known from few days only.
    spread = LIKELY * sqrt(variance * ahead + variance / len(past) * ahead**2)
    rest = mean * ahead
    return Forecast(currency, spent, spent + rest, spent + max(rest - spread, 0.0), spent + rest + spread, len(past))


def _past(by_day: Mapping[str, float], today: date) -> list[float]:
    """Return the sums of the days before today, idle ones in between included."""
    known = [day for day in by_day if day < today.isoformat()]
    if not known:
        return []
    first = max(date.fromisoformat(min(known)), today - timedelta(days=LOOK_BACK))
    days = [(first + timedelta(days=n)).isoformat() for n in range((today - first).days)]
    return [by_day.get(day, 0.0) for day in days]


def _days_left(today: date) -> int:
    """Return how many days of the month come after today."""
    after = today.replace(day=28) + timedelta(days=4)
    return (after.replace(day=1) - timedelta(days=1) - today).days
