"""axe-core judges every page: contrast, names, roles and order; skipped with the reason where npm cannot bring it."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from playwright.async_api import Page

from ui.browser import NARROW, WIDE, acted, browser, look, signed_in
from ui.scenery import LIMITS, lively

HERE = Path(__file__).parent / "axe"
CACHE = Path(__file__).parents[2] / ".venv" / "js"
PAGES = ("now", "models", "usage", "why", "why/last", "try", "providers", "privacy", "config")
RUN = """async () => {
    const found = await axe.run(document, { resultTypes: ["violations"] });
    return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).slice(0, 3).join(", ")}`);
}"""


@pytest.fixture(scope="module")
def axe() -> str:
    """The text of axe-core at the version that the lock file pins, installed once."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here to bring axe-core, so nobody judges the pages' accessibility")
    lock = HERE / "package-lock.json"
    place = CACHE / f"axe-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not place.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _install(Path(folder) / "here")
            with contextlib.suppress(OSError):  # a neighbour was quicker
                (Path(folder) / "here").rename(place)
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _install(place: Path) -> None:
    shutil.copytree(HERE, place)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=0"]
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=40, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip("npm ci took longer than 40 s, so nobody judges the pages' accessibility")
    if done.returncode:
        pytest.skip(f"npm ci failed, so nobody judges the pages' accessibility: {done.stderr.strip()[-300:]}")


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_axe_finds_nothing_serious(axe: str) -> None:
    """Every page, light and wide, dark and narrow, and the one for who is not signed in: no serious finding."""

    async def act() -> dict[str, list[str]]:
        found = {}
        async with (
            lively(LIMITS, days=5, a_day=4) as home,
            browser() as chromium,
            signed_in(chromium, home, bypass_csp=True, reduced_motion="reduce") as seen,
        ):
            page = seen.page
            for name in PAGES:
                await seen.open(name)
                await page.wait_for_timeout(300)
                for dark, width in ((False, WIDE), (True, NARROW)):
                    await look(page, dark=dark, width=width)
                    found[f"{name} {width}"] = await _judged(page, axe)
            await page.context.clear_cookies()
            await page.reload()
            await page.wait_for_selector("main[data-ready=signed-out]")
            found["signed out"] = await _judged(page, axe)
            return found

    assert {name: said for name, said in acted(act()).items() if said} == {}


async def _judged(page: Page, axe: str) -> list[str]:
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(axe)
    return [str(one) for one in await page.evaluate(RUN)]
