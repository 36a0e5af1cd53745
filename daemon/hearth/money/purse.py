"""What was spent and what may be: sums by day and month for each limit, and room set aside for what is under way.

Sums are kept by calendar day, in local time, and a month is the sum of its days: a clock that jumps back finds the day
it had, so that no budget begins twice (F55).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from hearth.money.accounts import Account, Payer, Tell, limits_of
from hearth.money.alerts import Alerts
from hearth.money.figures import figure
from hearth.money.tags import Cost
from hearth.record import Spending
from hearth.status_money import BudgetStatus
from hearth_config.settings import Settings

KEPT_DAYS = 130
"""So many days with spending are kept: far more than a month has, so that no jump of the clock drives one out."""
_MOST_PAYERS = 4096


class Reservation(Struct, frozen=True, eq=False):
    """Room set aside for one attempt, in the budget's currency, on the day it began."""

    payer: Payer
    amount: float
    day: str


class Purse:
    """All limits of one daemon. Survives reloads; used by the event loop alone."""

    def __init__(self, settings: Settings, tell: Tell | None = None) -> None:
        """Nothing is spent yet; `load` brings what the usage log knows. `tell` hears of alerts."""
        self._tell = tell
        self._spent: dict[tuple[str, Payer], dict[str, float]] = {}
        """By day, payer and currency."""
        self._unknown: dict[tuple[str, Payer], int] = {}
        self._open: dict[int, Reservation] = {}
        self._day = ""
        self._looked = float("-inf")
        self._known: dict[Payer, tuple[Account, ...]] = {}
        self.accounts: tuple[Account, ...] = ()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Take over a config's limits, rates and rules; what was spent stays."""
        self.budget = settings.budget
        self._alerts = Alerts(self.budget, self._tell)
        before = {account.limit: account for account in self.accounts}
        self.accounts = tuple(Account(limit) for limit in limits_of(settings))
        for account in self.accounts:
            if account.limit in before:
                account.told = before[account.limit].told
        self._known.clear()
        if self._day:
            self._count_anew(self._day)
            self._heed_what_was_known()

    @property
    def active(self) -> bool:
        """Whether there is any limit at all."""
        return bool(self.accounts)

    @property
    def refuses(self) -> bool:
        """Whether a limit that is reached refuses calls, and does not only warn."""
        return self.budget.when_spent == "local"

    def load(self, rows: Iterable[Spending], now: float) -> None:
        """Add what was spent before this daemon started. Alerts of what is already over are not said again."""
        for row in rows:
            payer = Payer(row.provider, row.target, row.key_id, row.app)
            self._add((row.day, payer), row.currency, row.amount)
        self._looked = now
        self._count_anew(day_of(now))
        self._heed_what_was_known()

    def in_budget(self, cost: Cost) -> float | None:
        """Return a cost in the budget's currency; None when there is no rate for its own."""
        rate = self.rate(cost.currency)
        return None if rate is None else cost.amount * rate

    def rate(self, currency: str) -> float | None:
        """Return what one of a currency is in the budget's; None when nobody says."""
        return 1.0 if currency in {"", self.budget.currency} else self.budget.rates.get(currency)

    # Asking.

    def limited(self, payer: Payer) -> bool:
        """Whether any limit counts what this payer spends."""
        return bool(self.accounts) and bool(self._of(payer))

    def refusal(self, payer: Payer, amount: float | None, now: float) -> str:
        """Return why an attempt of at most that cost may not be made, in words that follow its name; "" if it may.

        `amount` None is an unknown price, which is never taken for 0.
        """
        if not self.accounts or not self.refuses or amount == 0:
            return ""
        accounts = self._of(payer)
        if amount is None:
            unpriced = bool(accounts) and not self.budget.allow_unpriced
            return "has no known price, and there is a budget (allow_unpriced = false)" if unpriced else ""
        self._turn(now)
        if all(amount <= one.left for one in self.accounts):
            return ""
        full = min((one for one in accounts if amount > one.left), key=lambda one: one.left, default=None)
        return self._no_room(full, amount) if full is not None else ""

    def awaits(self, payer: Payer, amount: float | None, now: float) -> bool:
        """Whether it would be refused now, and had room if calls under way cost nothing: so it may have room soon."""
        if amount is None or not self.refusal(payer, amount, now):
            return False
        return all(amount <= one.limit.amount - one.spent for one in self._of(payer))

    def key_spent(self, provider: str, key_id: str) -> bool:
        """Whether nothing may be spent any more with a key."""
        if not self.accounts or not self.refuses:
            return False
        names = f"{provider}/{key_id}"
        return any(
            one.limit.scope == "key" and one.limit.name == names and one.spent >= one.limit.amount
            for one in self.accounts
        )

    def least(self, now: float) -> float:
        """Return the least that any limit leaves, in the budget's currency. There must be one."""
        self._turn(now)
        return min(one.left for one in self.accounts)

    # Spending.

    def reserve(self, payer: Payer, amount: float | None, now: float) -> Reservation | str:
        """Set the most that an attempt can cost aside, or return why there is no room for it."""
        refused = self.refusal(payer, amount, now)
        if refused:
            self.refused(payer, amount, now)
            return refused
        self._turn(now)
        made = Reservation(payer, amount or 0.0, self._day)
        self._open[id(made)] = made
        for account in self._of(payer):
            account.reserved += made.amount
        return made

    def settle(self, reservation: Reservation, cost: Cost | None) -> None:
        """Put what an attempt has really cost in the place of what was set aside; None: nobody knows."""
        if self._open.pop(id(reservation), None) is None:
            return
        for account in self._of(reservation.payer):
            if account.covers(reservation.day):
                account.reserved = max(0.0, account.reserved - reservation.amount) if self._open else 0.0
        self.spend(reservation.payer, cost, reservation.day)

    def spend(self, payer: Payer, cost: Cost | None, day: str) -> None:
        """Count what an attempt of that day has cost, reserved or not."""
        accounts = [one for one in self._of(payer) if one.covers(day)]
        if cost is None:
            self._unknown[day, payer] = self._unknown.get((day, payer), 0) + 1
            for account in accounts:
                account.unknown += 1
            return
        self._add((day, payer), cost.currency, cost.amount)
        amount = self.in_budget(cost)
        for account in accounts:
            if amount is None:
                account.unknown += 1
            else:
                account.spent += amount
                self._alerts.spent(account)

    def refused(self, payer: Payer, amount: float | None, now: float) -> None:
        """Take note that a call of at most that cost was refused: which limits had no room for it is told."""
        self._turn(now)
        self._alerts.refused(self._of(payer), amount)

    # Showing.

    def views(self, now: float) -> tuple[BudgetStatus, ...]:
        """Return each limit with what counts against it now."""
        self._turn(now)
        return tuple(self._view(account) for account in self.accounts)

    def _view(self, account: Account) -> BudgetStatus:
        limit = account.limit
        share = account.spent / limit.amount if limit.amount else 1.0
        state = "spent" if share >= 1 else "alert" if share >= self.budget.alert_at else "ok"
        return BudgetStatus(
            scope=limit.scope,
            name=limit.name,
            period=limit.period,
            since=account.period,
            limit=limit.amount,
            spent=account.spent,
            reserved=account.reserved,
            currency=self.budget.currency,
            state=state,
            unknown=account.unknown,
        )

    # Counting.

    def _of(self, payer: Payer) -> tuple[Account, ...]:
        found = self._known.get(payer)
        if found is None:
            if len(self._known) >= _MOST_PAYERS:
                self._known.clear()
            found = self._known[payer] = tuple(one for one in self.accounts if one.limit.binds(payer))
        return found

    def _add(self, key: tuple[str, Payer], currency: str, amount: float) -> None:
        by_currency = self._spent.setdefault(key, {})
        by_currency[currency] = by_currency.get(currency, 0.0) + amount

    def _turn(self, now: float) -> None:
        """Begin another day when it is one: forwards, or back to one that was left. Looks once a second."""
        if self._looked <= now < self._looked + 1.0:
            return
        self._looked = now
        today = day_of(now)
        if today != self._day:
            self._count_anew(today)

    def _count_anew(self, today: str) -> None:
        self._day = today
        self._forget(today)
        for account in self.accounts:
            account.period = today if account.limit.period == "day" else today[:7]
            account.spent = sum(self._sums(account))
            account.reserved = sum(
                one.amount for one in self._open.values() if account in self._of(one.payer) and account.covers(one.day)
            )
            unknown = (count for (day, payer), count in self._unknown.items() if self._counts(account, day, payer))
            account.unknown = sum(unknown)

    def _sums(self, account: Account) -> Iterator[float]:
        for (day, payer), by_currency in self._spent.items():
            if self._counts(account, day, payer):
                for currency, amount in by_currency.items():
                    yield amount * (self.rate(currency) or 0.0)

    @staticmethod
    def _counts(account: Account, day: str, payer: Payer) -> bool:
        return account.covers(day) and account.limit.binds(payer)

    def _forget(self, today: str) -> None:
        """Let go of the oldest days, and never of a day because the clock says that it is long ago (F55)."""
        days = sorted({key[0] for key in (*self._spent, *self._unknown)})
        gone = {day for day in days[:-KEPT_DAYS] if day[:7] != today[:7]}
        if gone:
            self._spent = {key: sums for key, sums in self._spent.items() if key[0] not in gone}
            self._unknown = {key: count for key, count in self._unknown.items() if key[0] not in gone}

    def _heed_what_was_known(self) -> None:
        for account in self.accounts:
            self._alerts.known(account)

    def _no_room(self, account: Account, amount: float) -> str:
        left, currency = max(account.left, 0.0), self.budget.currency
        said = f"may cost up to {figure(amount)} {currency}, and {figure(left)} {currency} are left"
        return f"{said} of {account.limit.words}"


def day_of(now: float) -> str:
    """Return the local day of a time.time(), as "2026-11-21"."""
    return date.fromtimestamp(now).isoformat()  # noqa: DTZ012 -- a day is a day where the user lives
