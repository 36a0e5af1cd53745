"""Numbers as people read them; what is not known is a dash, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

UNKNOWN = "-"
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
    parts = [f"{amount:.4f} {currency}".rstrip() for currency, amount in costs.items()]
    if unknown:
        parts.append(f"{unknown} unknown")
    return " + ".join(parts) or "0"


def counted(count: int, thing: str) -> str:
    """Write a count with its noun: "1 call", "2 calls"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
