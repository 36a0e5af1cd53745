"""What people are told of a limit, once a period each: most of it is spent, all of it is, a call was refused."""

from __future__ import annotations

from collections.abc import Iterable

from hearth.money.accounts import Account, Tell
from hearth_config.settings import Budget

NEARLY = "budget_alert"
SPENT = "budget_spent"
REFUSED = "budget_refused"


class Alerts:
    """Tells of the limits of one config; what was told stands with each account."""

    def __init__(self, budget: Budget, tell: Tell | None) -> None:
        """`budget` says from which share on; `tell` hears of it."""
        self._budget = budget
        self._tell = tell

    def spent(self, account: Account) -> None:
        """Tell how far a limit is used up, when that is news."""
        if self._is_nearly_spent(account):
            self._say(NEARLY, account)
        if account.spent >= account.limit.amount:
            self._say(SPENT, account)

    def refused(self, accounts: Iterable[Account], amount: float | None) -> None:
        """Tell that these limits have no room for a call that may cost so much; None, and it was not for the room.

        One that is nearly spent is as good as spent. Another has money left: it is told how much was asked for.
        """
        for account in accounts:
            if amount is None or amount <= account.left:
                continue
            if self._is_nearly_spent(account):
                self._say(SPENT, account)
            else:
                self._say(REFUSED, account, asked=round(amount, 6), left=round(max(account.left, 0.0), 6))

    def known(self, account: Account) -> None:
        """Take for told what was so before this start, or before a new config."""
        if self._is_nearly_spent(account):
            account.told.add((NEARLY, account.period))
        if account.spent >= account.limit.amount:
            account.told.add((SPENT, account.period))

    def _is_nearly_spent(self, account: Account) -> bool:
        return account.spent >= account.limit.amount * self._budget.alert_at

    def _say(self, kind: str, account: Account, **more: float) -> None:
        if (kind, account.period) in account.told:
            return
        account.told.add((kind, account.period))
        if self._tell is not None:
            limit = account.limit
            self._tell(
                kind,
                scope=limit.scope,
                name=limit.name,
                period=limit.period,
                spent=round(account.spent, 6),
                limit=limit.amount,
                currency=self._budget.currency,
                when_spent=self._budget.when_spent,
                **more,
            )
