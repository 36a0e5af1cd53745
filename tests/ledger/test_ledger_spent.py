"""What budgets remember: sums by day and payer, through purges and kills, and the clock's mistakes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from hearth.ledger import spent
from hearth.ledger.store import Store, open_store
from hearth.record import Entry, Hold, Spending
from ledger.ledger_examples import QUICK, attempt, entry

NOON = time.mktime((2026, 11, 21, 12, 0, 0, 0, 0, -1))
DAY = 86_400.0


def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "usage.db", QUICK, check=True)


def paid(id: str, cost: float | None, at: float = NOON, **more: Any) -> Entry:  # noqa: ANN401 -- any field
    one = replace(
        attempt(id, 1),
        place="cloud", provider="far", target="far/big", key_id="main", started=at, cost=cost, currency="USD",
    )  # fmt: skip
    return replace(entry(id, time=at, app="zed"), attempts=(replace(one, **more),))


def spending(amount: float, day: str = "2026-11-21", app: str = "zed", currency: str = "USD") -> Spending:
    return Spending(day, "far", "far/big", "main", app, currency, amount)


def test_sums_are_by_day_payer_and_currency(tmp_path: Path) -> None:
    """What costs nothing, or nobody knows what, and what was answered at home, is no sum."""
    one = store(tmp_path)

    one.write([paid("a", 0.5), paid("b", 0.25), paid("c", 1.0, currency="EUR"), paid("d", 2.0, NOON - DAY)])
    one.write([paid("e", None), paid("f", 0.0), paid("g", 5.0, place="machine")])

    found = spent.read(one.connection, NOON)
    assert sorted(found, key=lambda row: (row.day, row.currency)) == [
        spending(2.0, "2026-11-20"),
        spending(1.0, currency="EUR"),
        spending(0.75),
    ]


def test_writing_a_call_again_counts_it_once(tmp_path: Path) -> None:
    """G13: a commit whose answer got lost is made again."""
    one = store(tmp_path)

    for _ in range(2):
        one.write([paid("a", 0.5)])

    assert spent.read(one.connection, NOON) == [spending(0.5)]


def test_what_is_held_counts_until_its_call_is_written(tmp_path: Path) -> None:
    """A kill leaves it, and it goes on counting; the record of the call takes its place."""
    one = store(tmp_path)
    one.hold([Hold("a", 1, spending(3.0)), Hold("b", 1, spending(4.0))])

    before = spent.read(one.connection, NOON)
    one.write([paid("a", 0.5)])

    assert sum(row.amount for row in before) == 7.0
    assert sum(row.amount for row in spent.read(one.connection, NOON)) == 4.5


def test_a_purge_of_the_log_empties_no_budget(tmp_path: Path) -> None:
    """All of it, or what is old: the sums of two months stay, without the calls."""
    one = store(tmp_path)
    now = time.time()
    one.write([paid("a", 0.5, now), paid("b", 0.25, now - DAY), paid("c", 8.0, now - 100 * DAY)])
    before = sum(row.amount for row in spent.read(one.connection, now))

    one.purge(now - DAY / 2)
    halfway = sum(row.amount for row in spent.read(one.connection, now))
    one.purge(None)

    assert (before, halfway) == (0.75, 0.75)
    assert sum(row.amount for row in spent.read(one.connection, now)) == 0.75
    assert one.connection.execute("SELECT count(*) FROM attempts").fetchone() == (0,)


def test_what_is_kept_for_a_short_time_only_still_counts_this_month(tmp_path: Path) -> None:
    """`keep` deletes calls in portions; each is summed up once."""
    one = store(tmp_path)
    now = time.time()
    one.write([paid(str(number), 0.5, now - 3 * DAY) for number in range(7)])

    for _ in range(3):
        one.retire(now - DAY)

    assert sum(row.amount for row in spent.read(one.connection, now)) == 3.5


def test_a_clock_a_year_ahead_does_not_hide_what_was_spent(tmp_path: Path) -> None:
    """F55: the newest call says where the log ends, whatever the clock says."""
    one = store(tmp_path)
    one.write([paid("a", 0.5)])

    assert spent.read(one.connection, NOON + 365 * DAY) == [spending(0.5)]
    assert spent.read(one.connection, 0.0) == [spending(0.5)]
