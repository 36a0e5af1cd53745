"""The dashboard's switches, clicked in a real browser: mode, kill switch, config, signing out."""

from __future__ import annotations

from playwright.async_api import expect

from end_to_end.callers import Caller, admin, call, chat, until
from ui.browser import acted
from ui.opened import opened, press
from ui.scenery import ENDLESS


def test_the_mode_is_tightened_and_left_to_the_file() -> None:
    """Privacy: each mode the file allows holds once chosen, no looser one can be chosen, and the file gets it back."""

    async def act() -> None:
        async with opened("privacy") as (page, seen):
            core = seen.home.daemon.core
            for mode in ("lan", "offline", "prefer-local"):
                await page.get_by_role("radio", name=mode).check()
                await expect(page.locator("#state")).to_contain_text(mode)
                assert core.switches.mode == mode
            await expect(page.get_by_role("radio", name="any")).to_be_disabled()
            await press(page, "Leave it to the file").click()
            await until(lambda: core.switches.mode is None)
            await expect(page.get_by_role("radio", name="prefer-local")).to_be_checked()
            await expect(page.get_by_role("table").first).to_contain_text("127.0.0.1:")

    acted(act())


def test_prompts_on_disk_are_warned_about_until_they_are_gone() -> None:
    """Privacy: while they are kept, and afterwards as long as some are left; where none are, not a word."""

    async def act() -> None:
        async with opened("privacy", "[usage]\nbodies = true\n") as (page, seen):
            warning = page.locator("#bodies")
            file = seen.home.folder / "hearth.toml"
            await expect(warning).to_contain_text("Every prompt and answer is kept on disk")
            await call(seen.home, "/api/chat", chat())
            await until((seen.home.folder / "bodies.db").exists)
            file.write_text(file.read_text().replace("bodies = true", "bodies = false"))
            assert not await seen.home.daemon.reload()
            await expect(warning).to_contain_text("of earlier calls are still on disk")
            await admin(seen.home, "/hearth/v1/usage?only=bodies", "DELETE")
            await expect(warning).to_be_hidden()

    acted(act())


def test_the_kill_switch_stops_everything_outside() -> None:
    """Privacy: one click ends the cloud stream with words, holds, is shown everywhere, and is lifted by another."""

    async def act() -> None:
        async with opened("privacy") as (page, seen):
            caller = await Caller.ask(
                seen.home, "/v1/chat/completions", chat("far/qwen/qwen3-8b", ENDLESS, stream=True)
            )
            await caller.until(b"one")
            await press(page, "Stop everything that leaves this machine").click()
            answer = await caller.rest()
            await expect(page.get_by_text("stays so over restarts until you lift it")).to_be_visible()
            await expect(page.locator("#state")).to_contain_text("all outside is stopped")
            assert seen.home.daemon.core.switches.stopped
            assert "offline" in str(answer.last["error"])
            await press(page, "Lift it").click()
            await until(lambda: seen.home.daemon.core.mode == "prefer-local")
            await expect(press(page, "Stop everything that leaves this machine")).to_be_visible()

    acted(act())


def test_the_config_is_found_read_again_and_its_error_shown() -> None:
    """Config: values with their lines, a search, a refused edit with file and line on every page, and its mending."""

    async def act() -> None:
        async with opened("config") as (page, seen):
            file = seen.home.folder / "hearth.toml"
            good = file.read_text()
            rows = page.locator("tbody tr")
            await page.get_by_label("Find").fill("default_model")
            await expect(rows).to_have_count(1)
            await expect(rows.first).to_contain_text("hearth.toml:1")
            await page.get_by_label("Find").fill("")
            await page.get_by_label("only what is set here").check()
            await expect(rows.filter(has_text="busy.battery")).to_have_count(0)
            file.write_text(good + "\n[busy]\nqueue = 'many'\n")
            await press(page, "Read the file again").click()
            await expect(page.get_by_role("alert")).to_contain_text("hearth.toml")
            await expect(page.get_by_text("the last edit is refused")).to_be_visible()
            file.write_text(good.replace('"10s"', '"11s"'))
            await press(page, "Read the file again").click()
            await expect(page.get_by_role("alert")).to_be_hidden()
            await expect(rows.filter(has_text="busy.patience")).to_contain_text("11s")
            seen.complaints.clear()

    acted(act())


def test_signing_out_shuts_the_page() -> None:
    """Sign out: the page says how to come back, and the same browser gets nothing more."""

    async def act() -> None:
        async with opened("now") as (page, seen):
            await press(page, "Sign out").click()
            await expect(page.get_by_role("heading", name="You are signed out.")).to_be_visible()
            await page.goto(f"{seen.home.url}/ui/")
            await expect(page.get_by_role("heading", name="This browser is not signed in.")).to_be_visible()
            await expect(page.get_by_text("hearth ui")).to_be_visible()
            seen.complaints.clear()

    acted(act())
