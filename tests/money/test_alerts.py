"""What people are told of a limit, once a period: that most is spent, that all is, that a call was refused."""

import pytest

from hearth.money.purse import Purse
from hearth.record import Spending
from money.test_purse import DAY, FAR, NOON, only, spend, spent


class Heard:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def __call__(self, kind: str, **facts: str | float) -> None:
        more = {"asked", "left"} if kind == "budget_refused" else set()
        assert set(facts) == {"scope", "name", "period", "spent", "limit", "currency", "when_spent"} | more
        self.kinds.append(kind)


def test_an_alert_is_told_once_and_so_is_the_end() -> None:
    """At the share, and when it is spent; the next day they may be told again."""
    heard = Heard()
    purse = Purse(only(daily_limit=1.0, when_spent="warn"), heard)

    for _ in range(3):
        spend(purse, 0.4)
    assert heard.kinds == ["budget_alert", "budget_spent"]
    for _ in range(3):
        spend(purse, 0.4, NOON + DAY)

    assert heard.kinds == ["budget_alert", "budget_spent"] * 2


def test_a_restart_does_not_tell_again() -> None:
    """What was over the share when it was read had been told."""
    heard = Heard()
    purse = Purse(only(daily_limit=1.0), heard)

    purse.load([Spending("2026-11-21", "far", "far/big", "", "", "USD", 0.9)], NOON)
    spend(purse, 0.05)

    assert spent(purse) == {("all", "day"): pytest.approx(0.95)}
    assert heard.kinds == []


def test_a_refusal_near_the_end_tells_that_it_is_spent() -> None:
    """What is left is too little for any call, so that it never quite reaches the limit."""
    heard = Heard()
    purse = Purse(only(daily_limit=1.0), heard)
    spend(purse, 0.95)

    refused = purse.reserve(FAR, 0.1, NOON)

    assert isinstance(refused, str)
    assert heard.kinds == ["budget_alert", "budget_spent"]


def test_a_refusal_long_before_the_end_is_told_in_its_own_words() -> None:
    """Half is left, and a request that sets more aside is refused: nobody has to find that out from a 403 alone."""
    heard = Heard()
    purse = Purse(only(daily_limit=1.0), heard)
    spend(purse, 0.5)

    for _ in range(3):
        assert isinstance(purse.reserve(FAR, 0.6, NOON), str)
        purse.refused(FAR, 0.6, NOON)
    assert heard.kinds == ["budget_refused"]
    assert isinstance(purse.reserve(FAR, 1.5, NOON + DAY), str)

    assert heard.kinds == ["budget_refused"] * 2


def test_a_refusal_for_anything_but_the_room_tells_nothing() -> None:
    """A request's own max_cost, or a price that nobody knows, says nothing of the limit."""
    heard = Heard()
    purse = Purse(only(daily_limit=1.0), heard)

    purse.refused(FAR, 0.4, NOON)
    purse.refused(FAR, None, NOON)

    assert heard.kinds == []
