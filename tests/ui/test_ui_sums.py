"""Sums by days: days are the clock's own, parts add up, and only today's are worked out twice."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from datetime import datetime
from itertools import pairwise
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from end_to_end.callers import admin, call
from hearth.server.control.merging import merged
from hearth.server.control.sums import last_days
from hearth.status import Usage
from hearth_home import Home, running
from ui.scenery import week_of_calls, written_down

AMOUNTS = st.dictionaries(st.sampled_from(["USD", "EUR"]), st.integers(0, 1000).map(float), max_size=2)
ROWS = st.lists(
    st.builds(
        Usage,
        name=st.just("one"),
        calls=st.integers(0, 100),
        errors=st.integers(0, 100),
        refused=st.integers(0, 100),
        input_tokens=st.integers(0, 10**6),
        output_tokens=st.integers(0, 10**6),
        cached_tokens=st.integers(0, 10**6),
        estimated=st.integers(0, 9),
        local_calls=st.integers(0, 100),
        costs=AMOUNTS,
        unknown_costs=st.integers(0, 9),
        first_token_p50_ms=st.none() | st.floats(0, 1000),
        saved=AMOUNTS,
        compared=st.lists(st.sampled_from(["far/x", "far/y"]), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=8,
)


@given(ROWS)
def test_parts_add_up(rows: list[Usage]) -> None:
    """Counts and money are the sums of the days'; what is typical lies between the days' own; unknown stays unknown."""
    whole = merged("all", rows)

    for name in ("calls", "errors", "input_tokens", "output_tokens", "local_calls", "unknown_costs"):
        assert getattr(whole, name) == sum(getattr(row, name) for row in rows)
    assert sum(whole.costs.values()) == sum(sum(row.costs.values()) for row in rows)
    assert set(whole.compared) == {name for row in rows for name in row.compared}
    known = [row.first_token_p50_ms for row in rows if row.first_token_p50_ms is not None and row.calls]
    if not known:
        assert whole.first_token_p50_ms is None or len(rows) == 1
    elif whole.first_token_p50_ms is not None:
        assert min(known) - 1e-6 <= whole.first_token_p50_ms <= max(known) + 1e-6


@pytest.mark.usefixtures("noon")
def test_days_are_without_gap_and_end_today() -> None:
    """Each day begins where the one before ends, and the last is today."""
    now = datetime.now().astimezone()

    days = last_days(30, now)

    assert len(days) == 30
    assert all(before.until == after.since for before, after in pairwise(days))
    assert days[-1].since <= now.timestamp() <= days[-1].until
    assert days[-1].name == now.strftime("%Y-%m-%d")


def test_a_day_may_have_23_hours() -> None:
    """Where the clock goes forward, that day is an hour shorter, and no call falls between two days."""
    script = (
        "from datetime import datetime;from hearth.server.control.sums import last_days;"
        "print([round((d.until-d.since)/3600) for d in last_days(3, datetime(2026,3,30,12).astimezone())])"
    )
    environ = {**os.environ, "TZ": "Europe/Berlin", "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[24, 23, 24]"


async def sums(home: Home, query: str) -> dict[str, Any]:
    """What the page shows once all of it is worked out; each question waits a little by itself."""
    while (found := await admin(home, f"/hearth/v1/ui/usage?{query}"))["pending"]:
        continue
    return dict(found)


@pytest.mark.usefixtures("noon")
def test_the_dashboard_and_the_command_tell_the_same() -> None:
    """By model, app, place and day: the page's rows have the counts, tokens and money of `hearth usage`."""

    async def act() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        async with running() as home:
            await written_down(home, week_of_calls(5, 60))
            return [
                (await sums(home, f"by={by}&days=7"), await admin(home, f"/hearth/v1/usage?by={by}"))
                for by in ("model", "target", "provider", "key", "app", "place", "day")
            ]

    for shown, exact in asyncio.run(act()):
        ours = {row["name"]: row for row in shown["report"]["rows"]}
        assert set(ours) == {row["name"] for row in exact["rows"]}
        for row in exact["rows"]:
            for name in ("calls", "errors", "input_tokens", "output_tokens", "local_calls", "unknown_costs"):
                assert ours[row["name"]][name] == row[name], (shown["report"]["by"], name)


@pytest.mark.usefixtures("noon")
def test_today_goes_on_and_an_emptied_log_is_empty() -> None:
    """A new call counts when today's sums are stale, and `hearth usage purge` empties the page too."""

    async def act() -> tuple[int, int, int]:
        async with running() as home:
            before = (await sums(home, "by=day&days=2"))["report"]["total"]
            await call(home, "/api/chat", {"model": "nobody", "messages": []})
            after = await _counted(home)
            await admin(home, "/hearth/v1/usage", "DELETE")
            empty = (await sums(home, "by=day&days=2"))["report"]["total"]
            return (before or {"calls": 0})["calls"], after, (empty or {"calls": 0})["calls"]

    assert asyncio.run(act()) == (0, 1, 0)


async def _counted(home: Home) -> int:
    """Wait until a call is written down and the sums before it are stale; return how many there are then."""
    until = monotonic() + 20
    while (total := (await sums(home, "by=day&days=2"))["report"]["total"]) is None:
        assert monotonic() < until
        await asyncio.sleep(0.1)
    return int(total["calls"])


def test_what_cannot_be_asked_is_refused() -> None:
    """Days that are no number from 1 to 400, or another grouping: a sentence, and no work."""

    async def act() -> list[str]:
        async with running() as home:
            days = [f"by=day&days={text}" for text in ("0", "401", "x", "-1", "%C2%B2", "1e2", "")]
            wrong = [*days, "by=words&days=7"]
            return [(await admin(home, f"/hearth/v1/ui/usage?{query}"))["error"]["kind"] for query in wrong]

    assert set(asyncio.run(act())) == {"bad_request"}
