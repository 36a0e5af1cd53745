"""Every page in both themes and both widths, kept as pictures for people to look at."""

from __future__ import annotations

import sys

import pytest
from playwright.async_api import Page

from ui.browser import NARROW, WIDE, acted, browser, look, pictures, signed_in
from ui.scenery import LIMITS, lively

LOOKS = [(dark, width) for width in (WIDE, NARROW) for dark in (False, True)]
PAGES = ("now", "models", "usage", "why", "why/last", "try", "providers", "privacy", "config")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_every_page_fits_and_is_pictured() -> None:
    """In both themes, 360 and 1600 px wide: no page is wider than the window, none complains, each leaves a picture."""

    async def scene() -> tuple[dict[str, int], list[str]]:
        overflow = {}
        async with lively(LIMITS) as home, browser() as opened, signed_in(opened, home) as seen:
            for name in PAGES:
                page = await seen.open(name)
                await _played(page, name)
                await page.wait_for_timeout(300)
                for dark, width in LOOKS:
                    await look(page, dark=dark, width=width)
                    file = f"{name.replace('/', '-')}-{'dark' if dark else 'light'}-{width}.png"
                    overflow[file] = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    await page.screenshot(path=pictures() / file, full_page=True)
            return overflow, seen.complaints

    overflow, complaints = acted(scene())

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
