"""Calls that a budget refuses: how they are written down, and who is told of it."""

from __future__ import annotations

import asyncio

import pytest

from end_to_end.callers import Object, admin, call, chat, cloud
from end_to_end.test_e2e_budget import BOTH, PRICED, budget, far, record
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.server.events import Happening
from hearth_home import running

pytestmark = pytest.mark.usefixtures("noon")
SLOW = (ModelScript(name="scripted", prompt_seconds=1.5),)


def test_a_call_that_fits_no_more_is_told_of_long_before_the_alert() -> None:
    """An answer may take more than is left though most of the limit is: the person hears it once, not only the caller.

    The plan itself refuses it, so nobody was asked, and the usage log says so.
    """

    async def scene() -> tuple[list[Happening], list[str]]:
        async with far() as provider, running(budget(daily=0.5) + cloud(provider, more=PRICED)) as home:
            for _ in range(3):
                answer = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=10_000))
                assert answer.status == 403
            told = [one for one in home.daemon.core.events.recent if one.kind.startswith("budget")]
            rows = await admin(home, "/hearth/v1/calls")
            return told, [row["ending"] for row in rows]

    told, endings = asyncio.run(scene())

    assert [one.kind for one in told] == ["budget_refused"]
    assert told[0].facts["asked"] == pytest.approx(10.0, rel=0.05)
    assert told[0].facts["left"] == 0.5
    assert endings == ["refused"] * 3


def test_calls_side_by_side_wait_for_room_that_is_set_aside_for_others() -> None:
    """Each may cost far more than it does: 16 at once fit one after the other, and none is refused for the rest."""

    async def scene() -> tuple[list[int], float, list[str]]:
        async with far() as provider, running(budget(daily=1.0) + cloud(provider, more=PRICED)) as home:
            body = chat("far/scripted", max_tokens=300)
            answers = await asyncio.gather(*(call(home, "/v1/chat/completions", body) for _ in range(16)))
            (view,) = (await admin(home, "/hearth/v1/status"))["budgets"]
            told = [await record(home, answer) for answer in answers]
            notes = [attempt["detail"] for one in told for attempt in one["attempts"] if attempt["detail"]]
            return [answer.status for answer in answers], view["spent"], notes

    statuses, spent, notes = asyncio.run(scene())

    assert statuses == [200] * 16
    assert spent < 0.6
    assert notes
    assert all("for room in the budget" in note for note in notes)


def test_a_call_that_waits_for_the_budget_goes_elsewhere_where_it_can() -> None:
    """Nobody waits for the dear one while a cheap one may answer: it is tried last."""
    dear, cheap = (PRICED.replace("1000", price) for price in ("4000", "1"))

    async def scene() -> list[str]:
        async with Rehearsal(Script(kind="openai", models=SLOW)) as slow, far() as other:
            config = budget(daily=1.0) + BOTH + cloud(slow, more=dear) + cloud(other, "spare", cheap)
            async with running(config) as home:
                body = chat("both", max_tokens=150)
                first = asyncio.create_task(call(home, "/v1/chat/completions", body))
                await slow.wait_for_call(path="/v1/chat/completions")
                answers = [await call(home, "/v1/chat/completions", body), await first]
                return [f"{one.headers['x-hearth-target']} {one.headers['x-hearth-reason']}" for one in answers]

    assert asyncio.run(scene()) == ["spare/scripted set_aside", "far/scripted listed"]


def test_a_call_that_only_budgets_kept_from_its_targets_is_a_refused_one() -> None:
    """Keys of several prices are judged one by one, after the plan: nobody was asked, so nothing failed."""
    key = 'keys = [ { id = "a", value = "env:K", price = { input_per_million = 9000, output_per_million = 9000 } } ]'

    async def scene() -> Object:
        async with far() as provider, running(budget(daily=0.5) + cloud(provider, more=key), {"K": "sk-one"}) as home:
            answer = await call(home, "/v1/chat/completions", chat("far/scripted", max_tokens=100))
            assert answer.status == 403
            return await record(home, answer)

    told = asyncio.run(scene())

    assert [one["ending"] for one in told["attempts"]] == ["refused"]
    assert told["call"]["ending"] == "refused"


def test_an_unpriced_model_is_refused_with_a_budget_set() -> None:
    """And used where the user says so: its cost is unknown, and counted as that."""

    async def scene(more: str) -> tuple[int, str, int]:
        async with far() as provider, running(budget(more=more) + cloud(provider)) as home:
            answer = await call(home, "/v1/chat/completions", chat("far/scripted"))
            (view,) = (await admin(home, "/hearth/v1/status"))["budgets"]
            return answer.status, answer.headers.get("x-hearth-cost", ""), view["unknown"]

    assert asyncio.run(scene("")) == (403, "", 0)
    assert asyncio.run(scene("allow_unpriced = true")) == (200, "unknown", 1)
