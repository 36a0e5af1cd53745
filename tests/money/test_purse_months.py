"""No day and no month ever costs more than it may, whatever calls begin, end and are cut short."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hearth.money.accounts import Payer
from hearth.money.purse import Purse, Reservation
from hearth.money.tags import Cost
from hearth.record import Spending
from hearth_config.settings import Budget, Settings

NOON = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
HOUR, DAY = 3600.0, 86_400.0
FAR = Payer("far", "far/big", "main", "zed")


def only(**budget: float) -> Settings:
    return Settings(budget=Budget(**budget))  # type: ignore[arg-type] # limits are numbers


def usd(amount: float) -> Cost:
    return Cost(amount, "USD", "config")


AMOUNTS = st.integers(0, 400).map(lambda n: n / 1000)


class Month(RuleBasedStateMachine):
    """Calls that begin, end, and are refused, while days turn and the daemon restarts: no limit is ever passed."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = only(daily_limit=1.0, monthly_limit=2.5)
        self.purse = Purse(self.limits)
        self.now = NOON - 20 * DAY
        self.under_way: list[Reservation] = []
        self.paid: dict[str, float] = {}

    @rule(amount=AMOUNTS)
    def begin(self, amount: float) -> None:
        made = self.purse.reserve(FAR, amount, self.now)
        if isinstance(made, Reservation):
            self.under_way.append(made)

    @precondition(lambda self: self.under_way)
    @rule(place=st.integers(0, 100), share=st.floats(0, 1))
    def end(self, place: int, share: float) -> None:
        made = self.under_way.pop(place % len(self.under_way))
        self.paid[made.day] = self.paid.get(made.day, 0.0) + made.amount * share
        self.purse.settle(made, usd(made.amount * share))

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule()
    def restart(self) -> None:
        """What was under way is lost with the daemon; the log knows the rest."""
        self.under_way.clear()
        self.purse = Purse(self.limits)
        self.purse.load(
            [Spending(day, "far", "far/big", "", "", "USD", sum_) for day, sum_ in self.paid.items()], self.now
        )

    @invariant()
    def no_day_and_no_month_costs_more_than_it_may(self) -> None:
        months: dict[str, float] = {}
        for day, amount in self.paid.items():
            assert amount <= 1.0 + 1e-9
            months[day[:7]] = months.get(day[:7], 0.0) + amount
        assert all(amount <= 2.5 + 1e-9 for amount in months.values())

    @invariant()
    def the_views_are_the_books(self) -> None:
        day, month = self.purse.views(self.now)
        assert abs(day.spent - self.paid.get(day.since, 0.0)) < 1e-9
        assert abs(month.spent - sum(sum_ for at, sum_ in self.paid.items() if at.startswith(month.since))) < 1e-9
        held = sum(one.amount for one in self.under_way if one.day.startswith(month.since))
        assert abs(month.reserved - held) < 1e-9


TestMonth = Month.TestCase
TestMonth.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), max_size=40))
def test_whoever_asks_together_stays_below_the_limit(calls: list[tuple[float, float]]) -> None:
    """All reserve before any settles: those let through cost no more than there was."""
    purse = Purse(only(daily_limit=1.0))

    made = [(purse.reserve(FAR, upper, NOON), min(upper, real)) for upper, real in calls]
    for one, real in made:
        if isinstance(one, Reservation):
            purse.settle(one, usd(real))

    (view,) = purse.views(NOON)
    assert view.spent <= 1.0 + 1e-9
    assert view.reserved == 0.0
