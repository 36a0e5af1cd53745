"""Figures as a menu says them: short, and never wider than a menu is."""

from __future__ import annotations

import unicodedata

_UNITS = ("B", "KB", "MB", "GB", "TB")


def clipped(text: str, width: int) -> str:
    """Return one line of at most `width` characters; new lines and controls, which could spoil a menu, are blanks."""
    flat = "".join(" " if unicodedata.category(char)[0] == "C" else char for char in text)
    line = " ".join(flat.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def memory(size: float) -> str:
    """Return bytes as people say them: "5.2 GB"."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def tokens(count: int) -> str:
    """Return a count as people say it: "12,345", "1.2 million"."""
    return f"{count:,}" if count < 1_000_000 else f"{count / 1_000_000:.1f} million"


def money(amount: float, currency: str) -> str:
    """Return a sum with its currency: "0.12 USD"; what is less than a cent keeps two figures."""
    return f"{amount:.2f} {currency}" if amount >= 0.01 or not amount else f"{amount:.2g} {currency}"
