"""The dashboard's privacy page says since when the kernel holds mode offline."""

from __future__ import annotations

import socket

from playwright.async_api import expect

from hearth.outbound.egress import Egress
from ui.browser import acted
from ui.opened import opened


class Held:
    """What the page is told of a seal; nothing is dialled by it."""

    def __init__(self, fault: str = "") -> None:
        self.since = 1_700_000_000.0
        self.fault = fault

    async def tcp(self, ip: str, port: int) -> socket.socket:
        raise OSError(f"{ip}:{port} is not dialled in this test")

    async def unix(self, path: str) -> socket.socket:
        raise OSError(f"{path} is not dialled in this test")


def test_the_privacy_page_says_that_hearth_is_sealed() -> None:
    """Privacy: nothing of it while it is not; then since when, and what to do when the broker has ended."""

    async def act() -> None:
        async with opened("privacy") as (page, seen):
            line = page.locator("#sealed")
            await expect(page.get_by_role("heading", name="Privacy")).to_be_visible()
            await expect(line).to_be_hidden()
            for fault in ("", "the broker has ended: `hearth restart`"):
                before = seen.home.daemon.pool.egress
                seen.home.daemon.pool.egress = Egress(before.mode, before.names, before.contacts, Held(fault))
                await expect(line).to_contain_text("Sealed by the kernel since")
                await expect(line).to_contain_text(fault)

    acted(act())
