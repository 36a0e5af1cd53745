"""Every control of the dashboard, clicked in a real browser: the daemon's state changes, and the page shows it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from end_to_end.callers import Caller, admin, chat, until
from hearth.rehearsal import Rehearsal
from ui.browser import acted, browser, signed_in
from ui.opened import opened, press
from ui.scenery import ENDLESS, HERE, LIMITS, lively

CONTROLS = {
    "now": {"Cancel", "Sign out"},
    "models": {"Load", "Unload", "Use by default", "Back to the file's", "model", "Fetch"},
    "usage": {"days", "by", "The numbers as a table"},
    "why": {"within", "place", "ending", "app", "target"},
    "try": {"dialect", "model", "mode", "words", "think", "Send", "Stop", "What it thought"},
    "providers": {"Check"},
    "privacy": {"mode", "Leave it to the file", "Stop everything that leaves this machine", "Lift it"},
    "config": {"Read the file again", "find", "own"},
}
"""Each is used by a test of this folder."""


def test_every_control_is_known() -> None:
    """No page has a control that the table above does not name, so that a new one gets its test."""
    script = """() => [...document.querySelectorAll('button, input, select, textarea, summary')].map(
        one => one.matches('button, summary') ? one.textContent : one.name)"""

    async def act() -> dict[str, set[str]]:
        async with lively(days=3) as home, browser() as chromium, signed_in(chromium, home) as seen:
            found = {}
            for name in CONTROLS:
                page = await seen.open(name)
                if name == "usage":
                    await page.wait_for_selector("summary")
                found[name] = set(await page.evaluate(script)) - {"Sign out"}
            return found

    found = acted(act())

    assert found == {name: controls - {"Sign out"} for name, controls in CONTROLS.items()}


def test_a_call_in_flight_is_shown_and_cancelled() -> None:
    """Now: place, phase and tokens a second of a call, and its Cancel ends it with an error its client reads."""

    async def act() -> None:
        async with opened("now") as (page, seen):
            caller = await Caller.ask(
                seen.home, "/v1/chat/completions", chat("far/qwen/qwen3-8b", ENDLESS, stream=True)
            )
            await caller.until(b"one")
            row = page.get_by_role("row").filter(has_text="answering")
            await expect(row).to_contain_text("cloud")
            await expect(row.get_by_role("cell").nth(6)).not_to_have_text("–")
            await press(page, "Cancel the call for far/qwen/qwen3-8b").click()
            answer = await caller.rest()
            await expect(page.get_by_text("No call is in flight.")).to_be_visible()

        assert "cancelled by the user" in str(answer.last["error"])

    acted(act())


@pytest.mark.timeout(120)
def test_models_are_loaded_unloaded_and_chosen() -> None:
    """Models: Load and Unload move memory, Use by default and its way back change who answers by default."""

    async def act() -> None:
        async with opened("models") as (page, seen):
            core = seen.home.daemon.core
            name = "ollama/qwen3:8b"
            await press(page, f"Load {name}").click()
            await until(lambda: core.catalog.targets[name].loaded)
            await expect(page.get_by_role("row").filter(has_text=name).first).to_contain_text("in memory")
            await press(page, f"Unload {name}").click()
            await until(lambda: not core.catalog.targets[name].loaded)
            await expect(press(page, f"Load {name}")).to_be_visible()
            await press(page, f"Use {name} by default").click()
            await until(lambda: core.switches.default_model(core.generation.settings) == name)
            await press(page, "Back to the file's").click()
            await until(lambda: core.switches.default_model(core.generation.settings) is None)
            await expect(page.get_by_text("default: fast")).to_be_visible()

    acted(act())


def test_a_model_is_fetched_with_its_progress() -> None:
    """Models: Fetch shows a bar that moves, then the model; where the mode forbids it, it says why."""

    async def act() -> None:
        here = Rehearsal(HERE)
        async with opened("models", here=here) as (page, seen):
            with here.engine.pulls_held():
                await page.get_by_label("Name of a model").fill("gemma3:4b")
                await press(page, "Fetch").click()
                bar = page.get_by_role("progressbar", name="Fetching gemma3:4b")
                await expect(bar).to_be_visible()
                await expect(bar).to_have_attribute("value", re.compile(r"[1-9]"))
            await until(lambda: "ollama/gemma3:4b" in seen.home.daemon.core.catalog.targets)
            await expect(page.get_by_role("row").filter(has_text="ollama/gemma3:4b")).to_be_visible()
            await page.get_by_label("Name of a model").fill("nobody:1b")
            await press(page, "Fetch").click()
            await expect(page.get_by_role("status").filter(has_text="does not exist")).to_be_visible()
            await admin(seen.home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
            await expect(press(page, "Fetch")).to_be_disabled()
            await expect(page.get_by_text("which mode offline forbids")).to_be_visible()

    acted(act())


def test_usage_is_grouped_and_told_in_tables() -> None:
    """Usage: another time and another grouping ask anew, and behind each chart stands its table."""

    async def act() -> None:
        async with lively(days=20) as home, browser() as chromium, signed_in(chromium, home) as seen:
            page = await seen.open("usage")
            detail = page.get_by_role("table").last
            await expect(detail).to_contain_text("qwen3:8b")
            await page.get_by_label("By").select_option("app")
            await expect(detail).to_contain_text("open-webui")
            await page.get_by_label("By").select_option("place")
            await expect(detail).to_contain_text("your network")
            await page.get_by_label("Time").select_option("7")
            chart = page.locator("section").filter(has_text="Calls a day")
            await expect(chart.locator("svg.chart g")).to_have_count(7)
            await chart.get_by_text("The numbers as a table").click()
            await expect(chart.get_by_role("row")).to_have_count(8)
            await page.wait_for_timeout(1500)
            await expect(chart.get_by_role("table")).to_be_visible()
            assert not seen.complaints

    acted(act())


def test_a_call_says_why() -> None:
    """Why: filters narrow the list, and a call shows its candidates, its attempts and its times."""

    async def act() -> None:
        async with lively(LIMITS, days=3) as home, browser() as chromium, signed_in(chromium, home) as seen:
            page = await seen.open("why")
            rows = page.locator("tbody tr")
            await expect(rows).to_have_count(50)
            await page.get_by_label("Place").select_option("lan")
            await expect(rows.first).to_contain_text("box/llama3.3:70b")
            await page.get_by_label("Ended").select_option("killed")
            await expect(page.get_by_text("No call fits.")).to_be_visible()
            await page.get_by_label("Place").select_option("")
            await page.get_by_label("Ended").select_option("")
            await page.get_by_label("Answered by").fill("ollama/qwen3:8b")
            await page.get_by_label("App").fill("zed")
            await page.get_by_label("App").press("Enter")
            await page.get_by_label("App").blur()
            await expect(rows.first).to_contain_text("zed")
            await rows.first.get_by_role("link").click()
            await expect(page.get_by_role("heading", name="Who could have answered")).to_be_visible()
            await expect(page.locator("main")).to_contain_text("far/qwen/qwen3-8b")
            await expect(page.locator("main")).to_contain_text("in reserve")
            await expect(page.get_by_role("heading", name="Attempt 1")).to_be_visible()
            await page.get_by_role("link", name="All calls").click()
            await expect(page.get_by_label("Place")).to_be_visible()
            await seen.open("why/nobody")
            await expect(page.get_by_text("No call 'nobody' is in the usage log.")).to_be_visible()
            assert not [said for said in seen.complaints if "404" not in said]

    acted(act())


def test_a_provider_is_checked() -> None:
    """Providers: Check asks the provider for its models and says what it found; keys are shown by id alone (T16)."""

    async def act() -> str:
        async with opened("providers") as (page, _):
            await press(page, "Check ollama").click()
            await expect(page.get_by_role("heading", name="What the check found")).to_be_visible()
            await expect(page.locator("main")).to_contain_text("spare")
            await expect(page.locator("main")).to_contain_text("main")
            return await page.content()

    assert "canary" not in acted(act())
