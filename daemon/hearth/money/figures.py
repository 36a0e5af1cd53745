"""A sum as it stands in a sentence."""

from __future__ import annotations

from math import floor, log10


def figure(amount: float) -> str:
    """Return a sum with four digits that count, none of them behind an exponent: "0.0000735", "12.5"."""
    if not 0 < abs(amount) < 0.001:
        return f"{amount:.4g}" if abs(amount) < 10_000 else f"{amount:.0f}"
    return f"{amount:.{3 - floor(log10(abs(amount)))}f}".rstrip("0")
