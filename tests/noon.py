"""A clock on the wall that shows noon, for tests of sums by the day: none of them meets a midnight."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

DAY_S = 86_400
NOON_S = DAY_S // 2 + 60
"""A minute past, since clocks of one machine differ by a moment."""


@pytest.fixture
def noon() -> Iterator[None]:
    """Move this process, and those it starts, to a time zone where it is noon: days are those of local time.

    Where the zone of a process cannot be moved (Windows), the clock stays as it is.
    """
    if not hasattr(time, "tzset"):
        yield
        return
    before = os.environ.get("TZ")
    os.environ["TZ"] = _zone(time.time())
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def _zone(now: float) -> str:
    """Return the name of the zone where it is noon at that moment; POSIX counts its hours from there to UTC."""
    ahead = NOON_S - int(now) % DAY_S
    sign, seconds = ("-" if ahead >= 0 else ""), abs(ahead)
    return f"<noon>{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
