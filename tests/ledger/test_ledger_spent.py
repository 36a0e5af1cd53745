"""What budgets remember: sums by day and payer, through purges and kills, and the clock's mistakes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hearth.ledger import spent
from hearth.ledger.store import Store, open_store
from hearth.record import Entry, Hold, Spending
from ledger.ledger_examples import QUICK, attempt, entry

NOON = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path / "usage.db", QUICK, check=True)
    yield store
    store.close()


def paid(id: str, cost: float | None, at: float = NOON, **more: Any) -> Entry:  # noqa: ANN401 -- any field
    asked = replace(
        attempt(id, 1),
        place="cloud", provider="far", target="far/big", key_id="main", started=at, cost=cost, currency="USD",
    )  # fmt: skip
    return replace(entry(id, time=at, app="zed"), attempts=(replace(asked, **more),))


def spending(amount: float, day: str = "2026-11-21", app: str = "zed", currency: str = "USD") -> Spending:
    return Spending(day, "far", "far/big", "main", app, currency, amount)


def test_sums_are_by_day_payer_and_currency(one: Store) -> None:
    """What costs nothing, or nobody knows what, and what was answered at home, is no sum."""
    one.write([paid("a", 0.5), paid("b", 0.25), paid("c", 1.0, currency="EUR"), paid("d", 2.0, NOON - DAY)])
    one.write([paid("e", None), paid("f", 0.0), paid("g", 5.0, place="machine")])

    found = spent.read(one.connection, NOON)
    assert sorted(found, key=lambda row: (row.day, row.currency)) == [
        spending(2.0, "2026-11-20"),
        spending(1.0, currency="EUR"),
        spending(0.75),
    ]


def test_writing_a_call_again_counts_it_once(one: Store) -> None:
    """G13: a commit whose answer got lost is made again."""
    for _ in range(2):
        one.write([paid("a", 0.5)])

    assert spent.read(one.connection, NOON) == [spending(0.5)]


def test_what_is_held_counts_until_its_call_is_written(one: Store) -> None:
    """A kill leaves it, and it goes on counting; the record of the call takes its place."""
    one.hold([Hold("a", 1, spending(3.0)), Hold("b", 1, spending(4.0))])

    before = spent.read(one.connection, NOON)
    one.write([paid("a", 0.5)])

    assert sum(row.amount for row in before) == 7.0
    assert sum(row.amount for row in spent.read(one.connection, NOON)) == 4.5


def test_a_purge_of_the_log_empties_no_budget(one: Store) -> None:
    """All of it, or what is old: the sums of two months stay, without the calls."""
    now = time.time()
    one.write([paid("a", 0.5, now), paid("b", 0.25, now - DAY), paid("c", 8.0, now - 100 * DAY)])
    before = sum(row.amount for row in spent.read(one.connection, now))

    one.purge(now - DAY / 2)
    halfway = sum(row.amount for row in spent.read(one.connection, now))
    one.purge(None)

    assert (before, halfway) == (0.75, 0.75)
    assert sum(row.amount for row in spent.read(one.connection, now)) == 0.75
    assert one.connection.execute("SELECT count(*) FROM attempts").fetchone() == (0,)


def test_what_is_kept_for_a_short_time_only_still_counts_this_month(one: Store) -> None:
    """`keep` deletes calls in portions; each is summed up once."""
    now = time.time()
    one.write([paid(str(number), 0.5, now - 3 * DAY) for number in range(7)])

    for _ in range(3):
        one.retire(now - DAY)

    assert sum(row.amount for row in spent.read(one.connection, now)) == 3.5


def test_a_clock_a_year_ahead_does_not_hide_what_was_spent(one: Store) -> None:
    """F55: the newest call says where the log ends, whatever the clock says."""
    one.write([paid("a", 0.5)])

    assert spent.read(one.connection, NOON + 365 * DAY) == [spending(0.5)]
    assert spent.read(one.connection, 0.0) == [spending(0.5)]
