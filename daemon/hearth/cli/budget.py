"""`hearth budget`: each limit, what is spent of it, and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hearth.cli.context import client, json_option
from hearth.cli.output import print_json, print_table, say
from hearth.cli.words import rounded

if TYPE_CHECKING:
    from hearth.status_money import BudgetStatus

_HEADINGS = ("LIMIT OF", "PERIOD", "SPENT", "SET ASIDE", "LEFT", "LIMIT", "STATE")


@click.command()
@json_option
def budget(*, as_json: bool) -> None:
    """Show what may be spent, what was, and what is left."""
    found = client().status().budgets
    if as_json:
        print_json(found)
        return
    if not found:
        say("There are no limits. Set daily_limit or monthly_limit under [budget] in hearth.toml.")
        return
    print_table(_HEADINGS, (_row(one) for one in found))


def _row(one: BudgetStatus) -> tuple[str, ...]:
    whose = "all providers" if one.scope == "all" else f"{one.scope} {one.name}"
    left = max(one.limit - one.spent - one.reserved, 0.0)
    sums = (f"{rounded(amount)} {one.currency}" for amount in (one.spent, one.reserved, left, one.limit))
    state = {"alert": "nearly spent"}.get(one.state, one.state)
    return (whose, one.since, *sums, f"{state}, {one.unknown} unknown" if one.unknown else state)
