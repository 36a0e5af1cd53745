"""`hearth usage --forecast`: where this month will end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hearth.cli.output import print_facts, print_json, say
from hearth.cli.words import counted, rounded
from hearth.money.forecast import LOOK_BACK, Forecast, forecast

if TYPE_CHECKING:
    from hearth.client import Client
    from hearth.status import UsageReport
    from hearth.status_money import BudgetStatus


def show_forecast(daemon: Client, *, as_json: bool) -> None:
    """Ask for the days lately, and say what they lead to."""
    now = datetime.now().astimezone()
    since = min(now - timedelta(days=LOOK_BACK + 1), now.replace(day=1)).replace(hour=0, minute=0, second=0)
    found = forecasts(daemon.usage("day", since.timestamp()), now)
    if as_json:
        print_json(found)
    elif found:
        print_facts(_facts(found, daemon.status().budgets))
    else:
        say("Nothing was spent lately: there is nothing to expect.")


def forecasts(report: UsageReport, now: datetime) -> tuple[Forecast, ...]:
    """Return what to expect of this month for each currency in which anything was spent."""
    currencies = sorted({currency for row in report.rows for currency, cost in row.costs.items() if cost})
    gone = (now.hour * 60 + now.minute) / (24 * 60)
    return tuple(
        forecast({row.name: row.costs.get(currency, 0.0) for row in report.rows}, now.date(), currency, gone)
        for currency in currencies
    )


def _facts(found: tuple[Forecast, ...], budgets: tuple[BudgetStatus, ...]) -> Iterator[tuple[str, str]]:
    for one in found:
        yield "spent this month", f"{_sum(one.spent)} {one.currency}"
        if one.middle is None or one.low is None or one.high is None:
            yield "at its end", f"unknown: it takes two days to tell, and it has {counted(one.days, 'day')} so far"
            continue
        likely = f"{_sum(one.low)} to {_sum(one.high)} {one.currency} (eight of ten such months)"
        yield "at its end", f"about {_sum(one.middle)} {one.currency}, likely {likely}"
        yield "told by", f"the pace of the last {counted(one.days, 'day')}"
        for limit in budgets:
            if limit.scope == "all" and limit.period == "month" and limit.currency == one.currency:
                yield "limit", f"{_sum(limit.limit)} {limit.currency} a month: {_held(one.low, one.high, limit.limit)}"


def _sum(amount: float) -> str:
    """Write a sum to the hundredth, or a small one as `hearth usage` does: what was spent is never shown as 0."""
    return rounded(amount) if 0 < amount < 1 else f"{amount:.2f}"


def _held(low: float, high: float, limit: float) -> str:
    if high <= limit:
        return "it will hold"
    return "it will be reached" if low > limit else "it may be reached"
