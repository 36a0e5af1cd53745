"""`hearth budget`, the budgets in `hearth status`, and `hearth usage --forecast`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from cli.control_server import serving, status
from hearth.cli import command_line
from hearth.cli.usage_forecast import forecasts
from hearth.status import Usage, UsageReport
from hearth.status_money import BudgetStatus

ALL = BudgetStatus("all", "", "month", "2026-11", 20.0, 17.0, 0.5, "USD", "alert", 1)
KEY = BudgetStatus("key", "far/main", "day", "2026-11-21", 1.0, 1.0, 0.0, "USD", "spent")


def _run(home: Path, script: Mapping[str, object], *arguments: str) -> Result:
    with serving(home, script):
        return CliRunner().invoke(command_line, ["--home", str(home), *arguments])


def _status(*budgets: BudgetStatus, **more: object) -> dict[str, object]:
    return {"GET status": status(budgets=budgets, **more)}


def _days(costs: Mapping[str, float], currency: str = "USD") -> UsageReport:
    rows = tuple(Usage(day, 1, 0, 0, 0, 0, 0, 0, {currency: cost}, 0) for day, cost in costs.items())
    return UsageReport("day", None, None, rows)


def test_each_limit_has_its_row(tmp_path: Path) -> None:
    """What is spent, set aside and left of it, and how many costs nobody knows."""
    found = _run(tmp_path, _status(ALL, KEY), "budget")

    assert found.exit_code == 0
    lines = [line.split() for line in found.stdout.splitlines()]
    assert lines[0][:2] == ["LIMIT", "OF"]
    assert " ".join(lines[1]) == (
        "all providers 2026-11 17.0000 USD 0.5000 USD 2.5000 USD 20.0000 USD nearly spent, 1 unknown"
    )
    assert " ".join(lines[2]) == "key far/main 2026-11-21 1.0000 USD 0.0000 USD 0.0000 USD 1.0000 USD spent"


def test_without_limits_it_says_how_to_set_one(tmp_path: Path) -> None:
    """And that there are none."""
    found = _run(tmp_path, _status(), "budget")

    assert found.stdout == "There are no limits. Set daily_limit or monthly_limit under [budget] in hearth.toml.\n"


def test_programs_get_json(tmp_path: Path) -> None:
    """The same values."""
    found = _run(tmp_path, _status(KEY), "budget", "--json")

    assert msgspec.json.decode(found.stdout, type=tuple[BudgetStatus, ...]) == (KEY,)


def test_status_shows_budgets_and_whose_prices_are_used(tmp_path: Path) -> None:
    """In words, one line each."""
    found = _run(tmp_path, _status(ALL, KEY, price_list="genai-prices 0.2.3 of 2026-11-03"), "status")

    text = " ".join(found.stdout.split())
    assert "all providers, this month: 17.0000 of 20.00 USD spent, 0.5 set aside for calls under way" in text
    assert "key far/main, this day: 1.0000 of 1.00 USD spent: all of it" in text
    assert "genai-prices 0.2.3 of 2026-11-03, where the config names none" in text


@pytest.mark.usefixtures("noon")
def test_the_forecast_names_the_range_and_the_limit(tmp_path: Path) -> None:
    """Ten days of 1 lead to about as much for each day that is left."""
    now = datetime.now().astimezone()
    days = {(now - timedelta(days=n)).date().isoformat(): 1.0 for n in range(1, 11)}
    script = {"GET usage": _days(days), **_status(ALL)}

    found = _run(tmp_path, script, "usage", "--forecast")

    assert found.exit_code == 0, found.output
    text = " ".join(found.stdout.split())
    assert "spent this month" in text
    assert "likely" in text
    assert "the pace of the last 10 days" in text
    assert "20.00 USD a month: it" in text


@pytest.mark.usefixtures("noon")
def test_a_small_sum_is_never_shown_as_nothing(tmp_path: Path) -> None:
    """On the first day a few answers cost less than a cent: that is what stands there."""
    today = datetime.now().astimezone().date().isoformat()

    found = _run(tmp_path, {"GET usage": _days({today: 0.0042}), **_status()}, "usage", "--forecast")

    assert "0.0042 USD" in found.stdout
    assert "0.00 USD" not in found.stdout


def test_with_nothing_spent_there_is_nothing_to_expect(tmp_path: Path) -> None:
    """Local answers cost nothing."""
    found = _run(tmp_path, {"GET usage": _days({"2026-11-20": 0.0})}, "usage", "--forecast")

    assert found.stdout == "Nothing was spent lately: there is nothing to expect.\n"


def test_currencies_are_told_apart() -> None:
    """One forecast each, and never a sum of both."""
    now = datetime(2026, 11, 21, 12).astimezone()
    report = UsageReport("day", None, None, (*_days({"2026-11-20": 1.0}).rows, *_days({"2026-11-19": 2.0}, "EUR").rows))

    assert [(one.currency, one.spent) for one in forecasts(report, now)] == [("EUR", 2.0), ("USD", 1.0)]
