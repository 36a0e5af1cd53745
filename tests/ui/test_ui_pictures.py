"""Every page in both themes and both widths, kept as pictures for people to look at."""

from __future__ import annotations

import asyncio
import sys

import pytest
from playwright.async_api import Page

from ui.browser import NARROW, WIDE, browser, pictures, signed_in
from ui.scenery import LIMITS, lively

PAGES = ("now", "models", "usage", "why", "why/last", "try", "providers", "privacy", "config")


@pytest.mark.slow
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_fits_and_is_pictured(width: int, dark: bool) -> None:
    """No page is wider than the window, none complains, and each leaves a screenshot behind."""

    async def scene() -> tuple[dict[str, int], list[str]]:
        overflow = {}
        async with lively(LIMITS) as home, browser() as opened, signed_in(opened, home, width=width, dark=dark) as seen:
            for name in PAGES:
                page = await seen.open(name)
                await _played(page, name)
                await page.wait_for_timeout(700)
                overflow[name] = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                file = f"{name.replace('/', '-')}-{'dark' if dark else 'light'}-{width}.png"
                await page.screenshot(path=pictures() / file, full_page=True)
            return overflow, seen.complaints

    overflow, complaints = asyncio.run(scene())

    sys.stdout.write(f"Screenshots: {pictures()}\n")
    assert {name: over for name, over in overflow.items() if over > 0} == {}
    assert not complaints


async def _played(page: Page, name: str) -> None:
    """Have something to see: an answer where one can be had, the findings of a check."""
    if name == "try":
        await page.get_by_label("Model", exact=True).fill("thinker")
        await page.get_by_label("Your words").fill("Why is the sky blue?")
        await page.get_by_label("let it think").check()
        await page.get_by_role("button", name="Send").click()
        await page.get_by_role("status").filter(has_text="done").wait_for()
        await page.get_by_text("What it thought").click()
    if name == "providers":
        await page.get_by_role("button", name="Check far").click()
        await page.get_by_role("heading", name="What the check found").wait_for()
