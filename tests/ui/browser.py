"""A real Chromium before a real daemon's dashboard; skipped with the reason where there is no Chromium."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from end_to_end.callers import admin
from hearth_home import Home

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--disable-background-networking",
)
PATIENT_MS = 20_000
"""How long a test waits for what a page shows before it fails: browser and daemon share their cores with others."""
expect.set_options(timeout=PATIENT_MS)
WIDE, NARROW = 1600, 360
T = TypeVar("T")


def chromium() -> str:
    """The system's Chromium; the test that asks is skipped where there is none."""
    named = os.environ.get("HEARTH_TEST_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is here to open the dashboard with (Debian, Ubuntu: apt install chromium)")
    return found


class Seen(NamedTuple):
    """A page that is signed in, its daemon, and what the page complained of or asked elsewhere."""

    page: Page
    home: Home
    complaints: list[str]
    asked: list[str]

    async def open(self, name: str) -> Page:
        """Go to one of the dashboard's pages and wait until it is there."""
        await self.page.evaluate("name => { location.hash = '#' + name }", name)
        await self.page.wait_for_selector(f"main[data-ready={name.partition('/')[0]}]")
        return self.page


async def link(home: Home) -> str:
    """A one-use link, as `hearth ui` asks for it."""
    found = await admin(home, "/hearth/v1/ui/link", "POST")
    return f"{home.url}{found['path']}"


class _Shared:
    """The loop on which all tests of this process meet the browser, and the browser once there is one.

    Chromium takes more than a second of a core to start, and a fresh profile in it next to nothing.
    """

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self._parts = AsyncExitStack()
        self._opened: Browser | None = None

    async def browser(self) -> Browser:
        if self._opened is None or not self._opened.is_connected():
            path = chromium()
            driver = await self._parts.enter_async_context(async_playwright())
            self._opened = await driver.chromium.launch(executable_path=path, args=list(FLAGS))
            self._parts.push_async_callback(self._opened.close)
        return self._opened

    def close(self) -> None:
        self.runner.run(self._parts.aclose())
        self.runner.close()


_SHARED = _Shared()


def acted(scene: Coroutine[Any, Any, T]) -> T:
    """Run what a test does with a browser, as `asyncio.run` does, where the browser is at home."""
    return _SHARED.runner.run(scene)


def close_the_browser() -> None:
    """End the browser that the tests shared, and with it the use of `acted`."""
    _SHARED.close()


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium that knows nothing: whatever is opened in it is closed, cookies and all."""
    opened = await _SHARED.browser()
    try:
        yield opened
    finally:
        for context in opened.contexts:
            await context.close()


@asynccontextmanager
async def signed_in(
    opened: Browser,
    home: Home,
    *,
    width: int = WIDE,
    dark: bool = False,
    **more: Any,  # noqa: ANN401 -- Playwright's own options
) -> AsyncIterator[Seen]:
    """Open the dashboard in a fresh profile by a link; at the end nothing was broken, and nobody else was asked."""
    height = 1000 if width > NARROW else 740
    context = await opened.new_context(
        viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", **more
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENT_MS)
    seen = Seen(page, home, [], [])
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda said: seen.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("request", lambda request: seen.asked.append(request.url))
    try:
        await page.goto(await link(home))
        await page.wait_for_selector("main[data-ready=now]")
        yield seen
    finally:
        await context.close()


async def look(page: Page, *, dark: bool, width: int) -> None:
    """Show a page in another theme and width."""
    await page.emulate_media(color_scheme="dark" if dark else "light")
    await page.set_viewport_size({"width": width, "height": 1000 if width > NARROW else 740})
    await page.wait_for_timeout(100)


def pictures() -> Path:
    """Where screenshots are kept: outside of git, and looked at by people."""
    folder = Path(__file__).parents[2] / "screenshots" / "dashboard"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
