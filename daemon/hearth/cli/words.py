"""Numbers as people read them; what is not known is a dash, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import floor, log10

UNKNOWN = "-"
SMALL = 0.0001
"""A sum below this is told by its first two digits that count."""
PLACES = {"machine": "this machine", "lan": "your network", "cloud": "cloud"}


def where(place: str) -> str:
    """Write a place: "this machine"; "" and words that are no place stay as they are."""
    return PLACES.get(place, place)


def size(count: float | None) -> str:
    """Write bytes: "4.7 GB"."""
    if count is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit in ("B", "kB") or count >= 100 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def span(seconds: float | None) -> str:
    """Write a time span: "340 ms", "2.5 s", "3 min", "2 h 5 min", "4 d 3 h"."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def milliseconds(value: float | None) -> str:
    """Write milliseconds as a time span."""
    return UNKNOWN if value is None else span(value / 1000)


def number(value: float | None) -> str:
    """Write a count."""
    return UNKNOWN if value is None else f"{value:,}"


def clock(moment: float) -> str:
    """Write a time.time() as local date and time."""
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def money(costs: Mapping[str, float], unknown: int = 0) -> str:
    """Write sums by currency, and how many costs are not in them: "0.0120 USD + 2 unknown"."""
    parts = [f"{rounded(amount)} {currency}".rstrip() for currency, amount in costs.items()]
    if unknown:
        parts.append(f"{unknown} unknown")
    return " + ".join(parts) or "0"


def rounded(amount: float) -> str:
    """Write a sum with four digits behind the point, or with two that count: what was spent is never shown as 0."""
    small = 0 < abs(amount) < SMALL
    return f"{amount:.{1 - floor(log10(abs(amount))) if small else 4}f}"


def exact(amount: float) -> str:
    """Write a sum with up to six digits that count, in plain digits: not everybody reads "6.75e-06"."""
    return f"{amount:.12f}".rstrip("0").rstrip(".") if 0 < abs(amount) < SMALL else f"{amount:.6g}"


def counted(count: int, thing: str) -> str:
    """Write a count with its noun: "1 call", "2 calls"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
