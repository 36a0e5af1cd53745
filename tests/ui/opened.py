"""One page of the dashboard, open in a browser before a daemon with two providers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from playwright.async_api import Locator, Page

from hearth.rehearsal import Rehearsal
from hearth_home import running
from ui.browser import Seen, browser, signed_in
from ui.scenery import FAR, HERE, config


@asynccontextmanager
async def opened(page: str, more: str = "", here: Rehearsal | None = None) -> AsyncIterator[tuple[Page, Seen]]:
    """One page of the dashboard of a daemon that has two providers, one of them `here`, and nothing to do."""
    async with AsyncExitStack() as stack:
        near, far = [await stack.enter_async_context(one) for one in (here or Rehearsal(HERE), Rehearsal(FAR))]
        home = await stack.enter_async_context(running(config(near, far, more)))
        seen = await stack.enter_async_context(signed_in(await stack.enter_async_context(browser()), home))
        yield await seen.open(page), seen
        assert not seen.complaints


def press(page: Page, name: str) -> Locator:
    """The button of that name."""
    return page.get_by_role("button", name=name, exact=True)
