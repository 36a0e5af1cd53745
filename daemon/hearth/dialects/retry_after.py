"""How long a provider wants to be left alone: `retry-after-ms`, seconds, or a date by the reply's own clock (F14)."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime

from hearth.dialects.dialect import Head


def read_retry_after(head: Head) -> float | None:
    """Return seconds, at least 0; None when the reply says nothing, or nothing sensible (a negative number, junk)."""
    milliseconds = _number(head.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    said = head.get("retry-after").strip()
    seconds = _number(said)
    return seconds if seconds is not None else _until(said, head.get("date"))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _until(when: str, now: str) -> float | None:
    """Return the seconds between two HTTP dates; a date of the past is 0."""
    try:
        return max(0.0, (parsedate_to_datetime(when) - parsedate_to_datetime(now)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
