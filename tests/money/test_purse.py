"""What was spent and what may be: limits hold for everybody at once, days turn, and nothing is told twice."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hearth.money.accounts import Payer
from hearth.money.purse import Purse, Reservation
from hearth.money.tags import Cost
from hearth_config.addresses import parse_address
from hearth_config.settings import App, Budget, Key, Match, ModelSettings, Provider, Settings

NOON = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
HOUR, DAY = 3600.0, 86_400.0
FAR = Payer("far", "far/big", "main", "zed")


def household(**more: Any) -> Settings:  # noqa: ANN401 -- any setting
    """Limits of every kind, all of a daily 1 but the whole's 2."""
    far = Provider(
        name="far",
        dialect="openai_chat",
        address=parse_address("https://example.org/v1"),
        keys=(Key("main", "env:A", daily_limit=1.0), Key("spare", "env:B")),
        models={"big": ModelSettings(daily_limit=1.0)},
        monthly_limit=1.5,
    )
    zed = App(match=Match(user_agent="Zed/*"), daily_limit=1.0)
    parts: dict[str, Any] = {"providers": {"far": far}, "apps": {"zed": zed}, "budget": Budget(daily_limit=2.0)}
    return Settings(**{**parts, **more})


def only(**budget: Any) -> Settings:  # noqa: ANN401 -- any setting
    return Settings(budget=Budget(**budget))


def usd(amount: float) -> Cost:
    return Cost(amount, "USD", "config")


def reserved(purse: Purse, amount: float | None, now: float = NOON, payer: Payer = FAR) -> Reservation:
    made = purse.reserve(payer, amount, now)
    assert isinstance(made, Reservation), made
    return made


def spend(purse: Purse, amount: float, now: float = NOON, payer: Payer = FAR) -> None:
    purse.settle(reserved(purse, 0.0, now, payer), usd(amount))


def spent(purse: Purse, now: float = NOON) -> dict[tuple[str, str], float]:
    return {(one.scope, one.period): one.spent for one in purse.views(now)}


def test_what_is_spent_counts_for_all_providers_the_provider_key_model_and_app() -> None:
    """Each limit by itself, and each in its own period."""
    purse = Purse(household())

    spend(purse, 0.5)
    spend(purse, 0.25, payer=Payer("far", "far/small", "spare"))

    assert spent(purse) == {
        ("all", "day"): 0.75,
        ("provider", "month"): 0.75,
        ("key", "day"): 0.5,
        ("model", "day"): 0.5,
        ("app", "day"): 0.5,
    }


@pytest.mark.parametrize(
    ("payer", "whose"),
    [
        (Payer("far", "far/x", "main"), "the daily limit of the key far/main"),
        (Payer("far", "far/big"), "the daily limit of the model far/big"),
        (Payer("near", "near/x", app="zed"), "the daily limit of the app zed"),
    ],
)
def test_the_limit_that_is_short_is_named(payer: Payer, whose: str) -> None:
    """The one with the least left."""
    purse = Purse(household())
    spend(purse, 0.9)

    assert purse.refusal(payer, 0.2, NOON) == f"may cost up to 0.2 USD, and 0.1 USD are left of {whose}"
    assert purse.refusal(payer, 0.05, NOON) == ""


def test_a_providers_limit_is_held_for_all_its_keys_together() -> None:
    """By month, here."""
    purse = Purse(household())
    spend(purse, 0.9)
    spend(purse, 0.5, NOON - DAY)

    said = purse.refusal(Payer("far", "far/x"), 0.2, NOON)

    assert said == "may cost up to 0.2 USD, and 0.1 USD are left of the monthly limit of the provider far"


def test_room_set_aside_is_room_no_more() -> None:
    """Two calls at once cannot both take the last of it; when the first cost less, the rest is free again."""
    purse = Purse(only(daily_limit=1.0))
    first = reserved(purse, 0.7)

    assert isinstance(purse.reserve(FAR, 0.7, NOON), str)
    purse.settle(first, usd(0.1))

    assert isinstance(purse.reserve(FAR, 0.7, NOON), Reservation)


def test_a_reservation_is_settled_once() -> None:
    """The second time changes nothing."""
    purse = Purse(only(daily_limit=1.0))
    made = reserved(purse, 0.5)

    purse.settle(made, usd(0.25))
    purse.settle(made, usd(0.25))

    assert spent(purse) == {("all", "day"): 0.25}


def test_an_unknown_cost_is_counted_as_unknown() -> None:
    """Not as 0: the view says how many there are."""
    purse = Purse(only(daily_limit=1.0, allow_unpriced=True))

    purse.settle(reserved(purse, None), None)

    assert [(one.spent, one.unknown) for one in purse.views(NOON)] == [(0.0, 1)]


def test_another_currency_counts_by_its_rate_or_is_unknown() -> None:
    """Without a rate nobody can say how much of the budget it is."""
    purse = Purse(only(daily_limit=10.0, rates={"EUR": 2.0}))

    purse.settle(reserved(purse, 0.0), Cost(1.5, "EUR", "config"))
    purse.settle(reserved(purse, 0.0), Cost(1.5, "CHF", "config"))

    assert [(one.spent, one.unknown) for one in purse.views(NOON)] == [(3.0, 1)]
    purse.use(only(daily_limit=10.0, rates={"EUR": 3.0}))
    assert spent(purse) == {("all", "day"): 4.5}


def test_only_room_that_is_set_aside_is_worth_waiting_for() -> None:
    """What is spent comes back with the next period; what was set aside with the end of a call."""
    purse = Purse(only(daily_limit=1.0))
    made = reserved(purse, 0.8)

    assert purse.awaits(FAR, 0.5, NOON)
    assert not purse.awaits(FAR, 0.1, NOON)
    assert not purse.awaits(FAR, 1.5, NOON)
    assert not purse.awaits(FAR, None, NOON)
    purse.settle(made, usd(0.8))

    assert not purse.awaits(FAR, 0.5, NOON)


def test_a_key_is_spent_when_its_own_limit_is() -> None:
    """Its provider's other keys are not."""
    purse = Purse(household())
    spend(purse, 1.0)

    assert purse.key_spent("far", "main")
    assert not purse.key_spent("far", "spare")


def test_a_reload_keeps_what_was_spent_and_what_is_under_way() -> None:
    """New limits count what was spent before they were written."""
    purse = Purse(only(daily_limit=1.0))
    spend(purse, 0.5)
    under_way = reserved(purse, 0.25)

    purse.use(only(monthly_limit=3.0))

    (view,) = purse.views(NOON)
    assert (view.period, view.spent, view.reserved) == ("month", 0.5, 0.25)
    purse.settle(under_way, usd(0.125))
    assert spent(purse) == {("all", "month"): 0.625}


def test_a_call_over_midnight_counts_on_the_day_it_began() -> None:
    """So that the log, which knows when it began, comes to the same sums."""
    purse = Purse(only(daily_limit=1.0, monthly_limit=5.0))
    made = reserved(purse, 0.5, NOON)

    purse.views(NOON + DAY)
    purse.settle(made, usd(0.5))

    assert spent(purse, NOON + DAY) == {("all", "day"): 0.0, ("all", "month"): 0.5}
    assert spent(purse, NOON) == {("all", "day"): 0.5, ("all", "month"): 0.5}


def test_a_clock_that_jumps_does_not_begin_a_budget_twice() -> None:
    """F55: a year ahead is another day; back again, today is as spent as it was."""
    purse = Purse(only(daily_limit=1.0, monthly_limit=5.0))
    spend(purse, 1.0, NOON)

    assert purse.refusal(FAR, 0.5, NOON + 365 * DAY) == ""
    spend(purse, 0.5, NOON - 40 * DAY)

    assert purse.refusal(FAR, 0.5, NOON) != ""
    assert spent(purse, NOON) == {("all", "day"): 1.0, ("all", "month"): 1.0}


@pytest.fixture
def in_berlin() -> Iterator[None]:
    """A place with summer time."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_a_day_is_a_day_where_the_user_lives() -> None:
    """F55: the night on which clocks go back has 25 hours and one midnight, and its budget begins there."""
    purse = Purse(only(daily_limit=1.0))
    midnight = time.mktime((2026, 10, 25, 0, 0, 0, 0, 0, -1))

    spend(purse, 0.5, midnight)
    spend(purse, 0.25, midnight + 24.9 * HOUR)

    assert spent(purse, midnight + 24.9 * HOUR) == {("all", "day"): 0.75}
    assert spent(purse, midnight + 25 * HOUR) == {("all", "day"): 0.0}
    assert spent(purse, midnight - 1) == {("all", "day"): 0.0}
