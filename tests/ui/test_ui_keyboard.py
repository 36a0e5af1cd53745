"""The dashboard without a mouse, without motion, without a session, without a daemon: still usable or clearly said."""

from __future__ import annotations

from playwright.async_api import expect

from end_to_end.callers import until
from hearth_home import running
from ui.browser import NARROW, acted, browser, link, signed_in
from ui.opened import opened, press

WHO = "() => document.activeElement.textContent || document.activeElement.name"


def test_every_page_is_reached_and_used_by_keyboard() -> None:
    """Tab goes from the skip link over the pages into the page; Enter and the arrows do what a click does."""

    async def act() -> None:
        async with opened("now") as (page, seen):
            await page.reload()
            await page.wait_for_selector("main[data-ready=now]")
            order = []
            for _ in range(10):
                await page.keyboard.press("Tab")
                order.append(await page.evaluate(WHO))
            assert [name.strip() for name in order[:4]] == ["Skip to the page", "Hearth", "Now", "Models"]
            await page.get_by_role("link", name="Privacy", exact=True).focus()
            await page.keyboard.press("Enter")
            await page.wait_for_selector("main[data-ready=privacy]")
            assert await page.evaluate("() => document.activeElement.id") == "page"
            await page.get_by_role("radio", name="prefer-local").focus()
            await page.keyboard.press("ArrowUp")
            await until(lambda: seen.home.daemon.core.switches.mode == "lan")
            await press(page, "Stop everything that leaves this machine").focus()
            await page.keyboard.press("Enter")
            await until(lambda: seen.home.daemon.core.switches.stopped)
            await press(page, "Lift it").focus()
            await page.keyboard.press("Space")
            await until(lambda: not seen.home.daemon.core.switches.stopped)

    acted(act())


def test_focus_stays_while_the_page_follows_the_daemon() -> None:
    """A row under the keyboard is not built anew at every beat."""

    async def act() -> None:
        async with opened("models") as (page, _):
            button = press(page, "Load ollama/qwen2.5-coder:1.5b")
            await button.focus()
            await page.wait_for_timeout(3500)
            await expect(button).to_be_focused()

    acted(act())


def test_what_is_focused_is_seen() -> None:
    """The keyboard's place has an outline."""

    async def act() -> str:
        async with opened("now") as (page, _):
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            style = "() => getComputedStyle(document.activeElement).outlineStyle"
            return str(await page.evaluate(style))

    assert acted(act()) == "solid"


def test_nothing_moves_for_who_wants_no_motion() -> None:
    """prefers-reduced-motion: no animation and no transition on any page."""

    async def act() -> int:
        async with (
            running() as home,
            browser() as chromium,
            signed_in(chromium, home, width=NARROW, reduced_motion="reduce") as seen,
        ):
            moving = 0
            for name in ("now", "models", "privacy"):
                page = await seen.open(name)
                moving += await page.evaluate(
                    "() => document.getAnimations().length + [...document.querySelectorAll('*')]"
                    ".filter(one => parseFloat(getComputedStyle(one).transitionDuration) > 0).length"
                )
            return moving

    assert acted(act()) == 0


def test_a_used_link_says_what_to_do() -> None:
    """T20: the second browser that opens a link reads a clear sentence, and sees nothing else."""

    async def act() -> str:
        async with running() as home, browser() as chromium:
            used = await link(home)
            page = await chromium.new_page()
            await page.goto(used)
            await page.wait_for_selector("main[data-ready=now]")
            assert page.url == f"{home.url}/ui/"
            other = await (await chromium.new_context()).new_page()
            await other.goto(used)
            return await other.inner_text("main")

    assert acted(act()).split("\n")[0] == "This link is used up"


def test_a_daemon_that_is_away_is_said() -> None:
    """When the daemon stops, the page says how to start it; what it showed stays readable."""

    async def act() -> None:
        async with running() as home, browser() as chromium, signed_in(chromium, home) as seen:
            await expect(seen.page.get_by_text("No call is in flight.")).to_be_visible()
            doors = home.daemon._doors  # noqa: SLF001 -- as if its process were gone
            await doors.close()
            await doors.shut(0.1)
            await expect(seen.page.get_by_role("alert")).to_have_text(
                "Hearth does not answer. Start it with `hearth run`."
            )
            await expect(seen.page.get_by_text("No call is in flight.")).to_be_visible()

    acted(act())
