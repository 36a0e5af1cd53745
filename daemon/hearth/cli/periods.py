"""Periods as people type them: "today", "7d", "12h", "month"; pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_SPAN = re.compile(r"([1-9][0-9]{0,4})([hd])", re.ASCII)


def start_of(period: str, now: datetime) -> datetime:
    """Return when a period began that ends at `now` (with a time zone). Raises ValueError for other words."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "today":
        return midnight
    if period == "month":
        return midnight.replace(day=1)
    found = _SPAN.fullmatch(period)
    if found is None:
        raise ValueError(f"{period!r} is no period: write today, month, or a number of hours or days (12h, 7d).")
    count = int(found[1])
    return now - (timedelta(hours=count) if found[2] == "h" else timedelta(days=count))
