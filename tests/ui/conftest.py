"""The browser that tests share ends with the last of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ui.browser import close_the_browser


@pytest.fixture(scope="session", autouse=True)
def _no_browser_is_left() -> Iterator[None]:
    yield
    close_the_browser()
