"""Globs, as config and data write names with them: `*`, `?` and `[…]`, the whole name, capitals or not."""

from __future__ import annotations

import re
from fnmatch import translate


def is_glob(name: str) -> bool:
    """Say whether a name is a pattern for others."""
    return any(char in name for char in "*?[")


def pattern_of(glob: str) -> re.Pattern[str]:
    """Return what matches the names that fit."""
    return re.compile(translate(glob), re.IGNORECASE)
