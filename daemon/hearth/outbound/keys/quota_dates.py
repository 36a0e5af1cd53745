"""When a spent quota comes back, where a provider says so in words; pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_DAY = r"(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)"
_CLOCK = r"(?:(?:T|,? (?:at )?)(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?)?"
_WRITTEN = re.compile(_DAY + _CLOCK, re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(r"\b(?P<name>[A-Z][a-z]{2,8})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>20\d\d)\b", re.ASCII)
_COMES = re.compile(r"until|regain|resets?\b|renew|available|again|after|restored|next", re.IGNORECASE)
LONGEST_S = 62 * 86_400.0
"""No quota is longer than a month; a date farther away than two is about something else."""


def back_in(words: str, now: float) -> float | None:
    """Return in how many seconds a quota is whole again, by the first date to come that an error names (UTC).

    `now` is time.time(). Anthropic: "You will regain access on 2026-12-01 at 00:00 UTC." None when it names none, or
    only dates that have passed or say something else.
    """
    if not _COMES.search(words):
        return None
    moments = [moment for moment in (*_written(words), *_named(words)) if now < moment <= now + LONGEST_S]
    return min(moments) - now if moments else None


def _written(words: str) -> list[float]:
    found = []
    for match in _WRITTEN.finditer(words):
        clock = (int(match[part] or 0) for part in ("hour", "minute", "second"))
        found.append(_moment(int(match["year"]), int(match["month"]), int(match["day"]), *clock))
    return [moment for moment in found if moment is not None]


def _named(words: str) -> list[float]:
    found = []
    for match in _NAMED.finditer(words):
        name = match["name"][:3].lower()
        if name in _MONTHS:
            found.append(_moment(int(match["year"]), _MONTHS.index(name) + 1, int(match["day"])))
    return [moment for moment in found if moment is not None]


def _moment(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> float | None:
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
