"""Hostile names in every field that is shown: text stays text, in a real browser (T18)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from msgspec import structs

from hearth.problems import ProviderFault
from hearth.record import Entry
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, running
from ui.browser import acted, browser, signed_in
from ui.opened import opened
from ui.scenery import HERE, LIMITS, config, week_of_calls, written_down

PAYLOADS = (
    "<img src=x onerror=window.hacked=1>",
    "<script>window.hacked=1</script>",
    '"><svg onload=window.hacked=1>',
    "'-window.hacked=1-'",
    "javascript:window.hacked=1",
    "{{constructor.constructor('window.hacked=1')()}}",
    "</title><script>window.hacked=1</script>",
    "\u202egnp.exe\u2066",
    "a\x00b\x1b[31m\u2028\ud800",
    "%3Cscript%3Ewindow.hacked=1%3C/script%3E",
    "__proto__",
    "constructor",
    "x" * 4000,
)
PAGES = ("now", "models", "usage", "why", "try", "providers", "privacy", "config")
SINKS = (
    "script:not([src])", 'img:not([src="/ui/icon.svg"])', "iframe", "object", "embed", "[onerror]", "[onload]",
    "[style]",
)  # fmt: skip
"""What markup of others would have left in the page."""
TEXTS = (
    "app", "dialect", "route", "asked", "mode", "target", "place", "reason", "problem", "detail", "user_agent",
    "currency",
)  # fmt: skip
TRIED = (
    "target", "provider", "model", "place", "key_id", "problem", "detail", "reason", "address", "currency",
    "cost_source",
)  # fmt: skip
PLAN = """{"asked": "x", "task": "<b>", "mode": "<b>", "kind": "alias", "near": ["<b>"], "problem": "<b>", "targets": [
    {"target": "<img src=x onerror=window.hacked=1>", "place": "<b>", "order": 1, "why": ["<script>hacked=1</script>"]}
]}"""


def poisoned() -> Iterator[Entry]:
    """One call for each payload, which stands in every text of the call and of its attempt."""
    for payload, plain in zip(PAYLOADS, week_of_calls(1, len(PAYLOADS)), strict=True):
        call = structs.replace(plain.call, plan=PLAN, **dict.fromkeys(TEXTS, payload))
        yield Entry(call, (structs.replace(plain.attempts[0], **dict.fromkeys(TRIED, payload)),))


@pytest.mark.timeout(120)
def test_what_others_named_never_becomes_markup() -> None:
    """T18: names, apps, errors, hosts and details that are markup, script or control characters are text."""
    named = tuple(ModelScript(name=payload) for payload in PAYLOADS[:3])

    async def act() -> tuple[list[int], list[object], list[str], str]:
        async with AsyncExitStack() as stack:
            parts = Script(models=(*HERE.models, *named)), Script(kind="openai", models=named)
            here, far = [await stack.enter_async_context(Rehearsal(part)) for part in parts]
            home = await stack.enter_async_context(running(config(here, far, LIMITS)))
            poison(home)
            await written_down(home, poisoned())
            seen = await stack.enter_async_context(signed_in(await stack.enter_async_context(browser()), home))
            sinks, hacked, text = [], [], ""
            for name in (*PAGES, *[f"why/{entry.call.id}" for entry in poisoned()]):
                page = await seen.open(name)
                await page.wait_for_timeout(250 if name in PAGES else 80)
                sinks.append(await page.locator(", ".join(SINKS)).count())
                hacked.append(await page.evaluate("window.hacked ?? null"))
                text += await page.inner_text("body")
            return sinks, hacked, seen.complaints, text

    sinks, hacked, complaints, text = acted(act())

    assert set(sinks) == {0}
    assert set(hacked) == {None}
    assert not complaints
    for payload in PAYLOADS[:4]:
        assert payload in text


def test_an_address_that_names_no_page_shows_the_first_one() -> None:
    """What cannot be decoded, is no page's name, or is every object's own: never an empty page."""
    odd = ("%", "why/%E0%A4%A", "__proto__", "constructor/x", "nothing")

    async def act() -> list[str]:
        async with opened("models") as (page, _):
            heads = []
            for name in odd:
                await page.evaluate("location.hash = '#models'")
                await page.wait_for_selector("main[data-ready=models]")
                await page.evaluate("name => { location.hash = '#' + name }", name)
                await page.wait_for_selector("main[data-ready=now]")
                await page.reload()
                await page.wait_for_selector("main[data-ready=now]")
                heads.append(await page.inner_text("h1"))
            return heads

    assert acted(act()) == ["Now"] * len(odd)


def poison(home: Home) -> None:
    """Put payloads where no client could: errors of providers, hosts turned away, notes on models, an address."""
    core = home.daemon.core
    for payload in PAYLOADS:
        core.refused_callers[payload[:80]] = 1
        core.events.say("config_error", said=payload)
        core.pool.egress.contacts.note(payload[:80], "cloud")
    core.health.failed("far/qwen/qwen3-8b", ProviderFault(PAYLOADS[0], who="far"))
    core.notes["ollama/qwen3:8b"] = PAYLOADS[1]
    core.config_error = PAYLOADS[2]
