"""Replies that hold for a while are kept: few of them, none too large, each for its time."""

import time

from hearth.dialects.dialect import Head
from hearth.outbound.kept import MOST, MOST_BYTES, Kept

REPLY = (Head(200), b"{}")


def test_a_reply_is_there_until_its_time_is_over() -> None:
    """And it is that of one place and one path."""
    kept = Kept()
    kept.put("here", "/a", REPLY, 60.0)
    kept.put("here", "/b", REPLY, 0.0)
    time.sleep(0.01)

    assert kept.get("here", "/a") == REPLY
    assert kept.get("there", "/a") is None
    assert kept.get("here", "/b") is None


def test_the_oldest_goes_first_and_the_largest_never_comes() -> None:
    """What a provider sends cannot fill the memory."""
    kept = Kept()
    for number in range(MOST + 1):
        kept.put("here", f"/{number}", REPLY, 60.0)
    kept.put("here", "/large", (Head(200), bytes(MOST_BYTES + 1)), 60.0)

    assert kept.get("here", "/0") is None
    assert kept.get("here", f"/{MOST}") == REPLY
    assert kept.get("here", "/large") is None
