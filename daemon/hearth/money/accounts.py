"""What has a limit: all providers, one provider, key, app or model, by day or by month; and who pays for an attempt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from msgspec import Struct

from hearth_config.settings import Settings

Scope = Literal["all", "provider", "key", "app", "model"]
Period = Literal["day", "month"]
_LIMITS: tuple[tuple[Period, str], ...] = (("day", "daily_limit"), ("month", "monthly_limit"))


class Payer(Struct, frozen=True):
    """On whose account an attempt goes; `target` is "provider/model", `app` "" for nobody in particular."""

    provider: str
    target: str
    key_id: str = ""
    app: str = ""


class Limit(Struct, frozen=True):
    """What one scope may spend in a day or a month, in the budget's currency."""

    scope: Scope
    name: str
    period: Period
    amount: float

    def binds(self, payer: Payer) -> bool:
        """Whether what this payer spends counts here."""
        match self.scope:
            case "all":
                return True
            case "provider":
                return payer.provider == self.name
            case "key":
                return bool(payer.key_id) and f"{payer.provider}/{payer.key_id}" == self.name
            case "app":
                return payer.app == self.name
            case "model":
                return payer.target == self.name

    @property
    def words(self) -> str:
        """Return it as a person says it: "the daily limit of the key openai/main"."""
        whose = "all providers" if self.scope == "all" else f"the {self.scope} {self.name}"
        return f"the {'daily' if self.period == 'day' else 'monthly'} limit of {whose}"


class Tell(Protocol):
    """Says an event of `money.alerts`."""

    def __call__(self, kind: str, **facts: str | float) -> None:
        """Take the facts: scope, name, period, spent, limit, currency, when_spent; of a refusal also asked, left."""
        ...


class Account:
    """One limit with what counts against it in the current period."""

    __slots__ = ("limit", "period", "reserved", "spent", "told", "unknown")

    def __init__(self, limit: Limit) -> None:
        """Start empty; `Purse` fills it."""
        self.limit = limit
        self.period = ""
        self.spent = 0.0
        self.reserved = 0.0
        self.unknown = 0
        self.told: set[tuple[str, str]] = set()
        """What people were told of it, and in which period."""

    @property
    def left(self) -> float:
        """What may still be set aside."""
        return self.limit.amount - self.spent - self.reserved

    def covers(self, day: str) -> bool:
        """Whether a day lies in the current period."""
        return day.startswith(self.period)


def limits_of(settings: Settings) -> Iterator[Limit]:
    """Yield every limit of a config. A key's inherited limit is its provider's, which is held for all keys together."""
    yield from _limits("all", "", settings.budget)
    for provider in settings.providers.values():
        yield from _limits("provider", provider.name, provider)
        for key in provider.keys:
            found = _limits("key", f"{provider.name}/{key.id}", key)
            inherited = {("day", provider.daily_limit), ("month", provider.monthly_limit)}
            yield from (one for one in found if (one.period, one.amount) not in inherited)
        for model, pinned in provider.models.items():
            yield from _limits("model", f"{provider.name}/{model}", pinned)
    for name, app in settings.apps.items():
        yield from _limits("app", name, app)


def _limits(scope: Scope, name: str, owner: object) -> Iterator[Limit]:
    for period, setting in _LIMITS:
        amount = getattr(owner, setting)
        if amount is not None:
            yield Limit(scope, name, period, amount)
