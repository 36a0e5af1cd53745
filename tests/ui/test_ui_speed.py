"""The dashboard is quick: to the first paint, and with 10,000 calls a day behind it."""

from __future__ import annotations

import asyncio
import time

import pytest

from end_to_end.callers import Object, admin
from hearth.rehearsal import Rehearsal
from hearth_home import Home, running
from ui.browser import acted, browser, signed_in
from ui.scenery import FAR, HERE, config, week_of_calls, written_down

DAYS, A_DAY = 4, 10_000
AT_MOST_MS = 200.0
PAINT_MS = 300.0
TRIES = 5
ASKED = (
    "status",
    "models",
    "default-model",
    "config/values",
    "calls?limit=12",
    "calls?limit=50&since=-604800",
    "calls?limit=50&since=-604800&place=lan&app=open-webui",
    "calls?limit=50&since=-604800&ending=killed",
    "calls/last",
    "ui/usage?by=day&days=1",
    "ui/usage?by=day&days=30",
    "ui/usage?by=model&days=30",
)
"""What the pages ask for."""


async def asked(home: Home, path: str) -> tuple[float, Object]:
    began = time.monotonic()
    found = await admin(home, f"/hearth/v1/{path}")
    return (time.monotonic() - began) * 1000, found


async def quickest(home: Home, path: str) -> float:
    """Ask until the bound is kept, five times at most: the machine may be busy with other tests."""
    took = [AT_MOST_MS + 1]
    while min(took) > AT_MOST_MS and len(took) <= TRIES:
        took.append((await asked(home, path))[0])
    return min(took[1:])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_no_page_waits_for_a_large_log() -> None:
    """With 10,000 calls a day each question is answered within 200 ms; sums grow day by day until all are there."""

    async def act() -> tuple[dict[str, float], Object, Object]:
        async with Rehearsal(HERE) as here, Rehearsal(FAR) as far, running(config(here, far)) as home:
            await written_down(home, week_of_calls(DAYS, A_DAY))
            first = (await asked(home, "ui/usage?by=day&days=30"))[1]
            while (last := (await asked(home, "ui/usage?by=day&days=30"))[1])["done"] < 30:
                assert first["pending"]
            took = {path: await quickest(home, path) for path in ASKED}
            return took, last, await admin(home, "/hearth/v1/usage?by=place")

    took, last, exact = asyncio.run(act())

    assert {path: ms for path, ms in took.items() if ms > AT_MOST_MS} == {}
    total, report = last["report"]["total"], exact["total"]
    assert total["calls"] == DAYS * A_DAY == report["calls"]
    for name in ("errors", "input_tokens", "output_tokens", "local_calls", "unknown_costs", "problems"):
        assert total[name] == report[name], name
    assert total["costs"] == pytest.approx(report["costs"])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_first_paint_comes_at_once() -> None:
    """On loopback the page's first paint comes within 300 ms, and nothing is asked of anybody else."""
    script = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"

    async def act() -> tuple[list[float], list[str], str]:
        async with running() as home, browser() as chromium, signed_in(chromium, home) as seen:
            paints = []
            for _ in range(TRIES):
                await seen.page.goto("about:blank")
                await seen.page.goto(f"{home.url}/ui/")
                await seen.page.wait_for_selector("main[data-ready=now]")
                paints.append(await seen.page.evaluate(script))
            return paints, seen.asked, home.url

    paints, asked_for, url = acted(act())

    assert min(paints) <= PAINT_MS
    assert {one for one in asked_for if not one.startswith((url, "about:"))} == set()
