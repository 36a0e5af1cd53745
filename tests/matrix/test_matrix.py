"""Every client at every provider: what is asked for arrives, what is answered is understood, or it is refused in words.

A real daemon, plain clients, and rehearsals that play the providers and refuse what those refuse.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from end_to_end.callers import Object, admin, call, calm
from hearth.dialects import registry
from hearth.rehearsal import Rehearsal
from hearth_home import running
from matrix.cast import CLIENTS, PROVIDERS
from matrix.cells import Outcome, Scene, play
from matrix.expected import REFUSED, UNASKED, UNSEEN
from matrix.page import PAGE, page
from matrix.questions import FEATURES, Feature

Cells = dict[tuple[Feature, bool], Outcome]


async def _row(served: str, called: str) -> Cells:
    """All cells of one pair, streamed and whole."""
    async with AsyncExitStack() as stack:
        rehearsal = await stack.enter_async_context(Rehearsal(PROVIDERS[called].script()))
        config = calm() + "[retry]\nattempts = 1\n" + PROVIDERS[called].config(called, rehearsal.url)
        home = await stack.enter_async_context(running(config))
        scene = Scene(home, {called: rehearsal})
        return {
            (feature, stream): await play(scene, served, called, feature, stream=stream)
            for feature in FEATURES
            if feature not in UNASKED.get(served, ())
            for stream in (True, False)
        }


def _expected(called: str, feature: Feature) -> tuple[str, str]:
    refused = REFUSED.get(called, {}).get(feature)
    if refused is not None:
        return "refused", refused
    return ("unseen" if feature in UNSEEN.get(called, ()) else "kept"), ""


@pytest.mark.parametrize("called", PROVIDERS)
@pytest.mark.parametrize("served", CLIENTS)
def test_the_meaning_is_kept_or_refused(served: str, called: str) -> None:
    """Between this client and this provider nothing is lost, streamed or whole; a refusal gives its reason."""
    cells = asyncio.run(_row(served, called))

    for (feature, stream), outcome in cells.items():
        word, reason = _expected(called, feature)
        how = f"{feature}, {'streamed' if stream else 'whole'}: {outcome.why}"
        assert outcome.word == word, how
        assert reason in outcome.why, how


async def _listed_and_counted(called: str) -> tuple[list[str], Object]:
    """What the provider lists, and what is written down of an answer of it."""
    async with AsyncExitStack() as stack:
        rehearsal = await stack.enter_async_context(Rehearsal(PROVIDERS[called].script()))
        home = await stack.enter_async_context(running(calm() + PROVIDERS[called].config(called, rehearsal.url)))
        listed = (await call(home, "/v1/models", method="GET")).json()["data"]
        path, body = CLIENTS["ollama"].request("text", f"{called}/{PROVIDERS[called].model}", stream=True)
        await call(home, path, body)
        (record,) = await admin(home, "/hearth/v1/calls?limit=1")
        return [model["id"] for model in listed], record


@pytest.mark.parametrize("called", PROVIDERS)
def test_every_provider_lists_its_models_and_counts_its_tokens(called: str) -> None:
    """Its models are in everybody's list, and the tokens of an answer are those that it counted."""
    names, record = asyncio.run(_listed_and_counted(called))

    assert any(name.startswith(f"{called}/{PROVIDERS[called].model}") for name in names), names
    assert not record["estimated"]
    assert record["output_tokens"] in (9, 10)  # some count the end
    assert record["input_tokens"] > 0


def test_the_matrix_has_every_dialect() -> None:
    """No dialect is left out of it."""
    assert set(CLIENTS) == {name for name in registry.OURS if registry.served(name) is not None}
    assert set(PROVIDERS) == {name for name in registry.OURS if registry.called(name) is not None}


def test_the_page_shows_this_matrix() -> None:
    """`python tests/matrix/page.py` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()
