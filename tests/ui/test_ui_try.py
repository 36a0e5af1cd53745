"""Try it: a question in each dialect, stopped and refused, in a real browser."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from playwright.async_api import expect

from end_to_end.callers import PATIENT_S, admin, until
from hearth_home import Home
from ui.browser import acted
from ui.opened import opened, press
from ui.scenery import ENDLESS

DIALECTS = ("ollama", "openai_chat", "openai_responses", "anthropic", "gemini", "cohere")


@pytest.mark.timeout(120)
def test_a_question_is_tried_in_each_dialect() -> None:
    """Try it: the answer streams in that dialect, and the headers say who gave it, with a way to the reasons."""

    async def act() -> None:
        async with opened("try") as (page, seen):
            for number, dialect in enumerate(DIALECTS, 1):
                await page.get_by_label("Dialect").select_option(dialect)
                await page.get_by_label("Your words").fill("hello")
                await press(page, "Send").click()
                await expect(page.get_by_role("status").filter(has_text="done")).to_be_visible()
                await expect(page.locator("#answer")).to_have_text("Hello! I am a small test model.")
                await expect(page.locator("main")).to_contain_text("x-hearth-target")
                await expect(page.locator("main")).to_contain_text("ollama/qwen3:8b")
                await until(partial(_served, seen.home, number))
                await asyncio.to_thread(seen.home.daemon.ledger.flush, PATIENT_S)
                assert (await admin(seen.home, "/hearth/v1/calls/last"))["call"]["dialect"] == dialect
            await page.get_by_role("link", name="Why it went there").click()
            await expect(page.get_by_role("heading", name="Attempt 1")).to_be_visible()

    acted(act())


def _served(home: Home, number: int) -> bool:
    return home.daemon.core.calls.served == number


def test_what_a_model_thought_is_kept_apart() -> None:
    """Try it, in each dialect: thoughts stand behind a line of their own, closed until somebody opens it."""

    async def act() -> None:
        async with opened("try") as (page, _):
            thoughts = page.locator("details p")
            await page.get_by_label("Model", exact=True).fill("thinker")
            await page.get_by_label("let it think").check()
            await page.get_by_label("Your words").fill("why?")
            for dialect in DIALECTS:
                await page.get_by_label("Dialect").select_option(dialect)
                await press(page, "Send").click()
                await expect(page.get_by_role("status").filter(has_text="done")).to_be_visible()
                await expect(thoughts).to_be_hidden()
                await page.get_by_text("What it thought").click()
                await expect(thoughts).to_contain_text("The user asks why")
                await expect(page.locator("#answer")).to_have_text("Because of Rayleigh scattering.")
                await page.get_by_text("What it thought").click()

    acted(act())


def test_a_question_is_stopped_and_refused() -> None:
    """Try it: Stop ends the call at its provider, a mode of its own refuses the cloud with words, Ctrl+Enter sends."""

    async def act() -> None:
        async with opened("try") as (page, seen):
            await page.get_by_label("Model", exact=True).fill("far/qwen/qwen3-8b")
            await page.get_by_label("Your words").fill(ENDLESS)
            await page.get_by_label("Your words").press("Control+Enter")
            await expect(page.locator("#answer")).to_contain_text("one, two")
            await press(page, "Stop").click()
            await until(lambda: not len(seen.home.daemon.core.calls))
            await expect(page.get_by_role("status").filter(has_text="stopped")).to_be_visible()
            await page.get_by_label("Mode of this call").select_option("offline")
            await press(page, "Send").click()
            await expect(page.locator("#answer")).to_contain_text("offline")
            await expect(page.get_by_role("status").filter(has_text="HTTP 403")).to_be_visible()
            seen.complaints.clear()

    acted(act())
