"""The same request from several callers at once is asked once; nobody's leaving harms the others."""

from __future__ import annotations

import asyncio
import time

import pytest

from end_to_end.callers import (
    PATIENT_S,
    Answer,
    Caller,
    Object,
    admin,
    call,
    calm,
    chat,
    cloud,
    engine,
    inference,
    until,
)
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running
from promised_times import held_once_of

ON = '[cache]\nanswers = "exact"\n'
PACED = ModelScript(name="scripted", tokens_per_second=40.0)
NEAR = Script(models=(PACED,))
FAR = Script(kind="openai", models=(PACED,))
MANY = 5

PRICE = "price = { input_per_million = 1.0, output_per_million = 2.0 }"


def cold(model: str = "scripted", words: str = "hello", **more: object) -> Object:
    return chat(model, words, options={"temperature": 0}, temperature=0, **more)


def _pause(near: Rehearsal) -> None:
    """Let its next answer stand still after a word or two, until the pauses are ended."""
    near.next(Fault.stall(60.0, after=2), path="/api/chat")


async def looked_up(home: Home, count: int) -> None:
    """Wait until so many callers have found nothing on disk: from then on they share."""
    cache = home.daemon.core.cache
    assert cache is not None
    await until(lambda: cache.misses == count)


async def rows(home: Home, count: int) -> list[Object]:
    """Return the newest rows of the log, once so many calls are written."""
    await until(lambda: home.daemon.ledger.state().written >= count)
    found: list[Object] = await admin(home, "/hearth/v1/calls")
    return found


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_callers_of_one_request_share_one_call(path: str, stream: bool) -> None:
    """Five at once are one call upstream; all get the whole answer, one pays, and usage counts its tokens once."""

    async def scene() -> tuple[list[Answer], int, list[Object], Object]:
        async with Rehearsal(FAR) as far, running(ON + calm() + cloud(far, more=PRICE)) as home:
            far.next(Fault.late_token(60.0))
            callers = [await Caller.ask(home, path, cold("far/scripted", stream=stream)) for _ in range(MANY)]
            await looked_up(home, MANY)
            far.pauses.end()
            answers = [await caller.rest() for caller in callers]
            found = await rows(home, MANY)
            return answers, inference(far), found, await admin(home, "/hearth/v1/usage?by=model")

    answers, asked, found, usage = asyncio.run(scene())

    assert asked == 1
    assert all(answer.finished and answer.text == answers[0].text for answer in answers)
    assert sorted(answer.headers.get("x-hearth-cache", "") for answer in answers) == ["", *["hit"] * (MANY - 1)]
    assert sorted(row["attempts"] for row in found) == [*[0] * (MANY - 1), 1]
    assert {row["ending"] for row in found} == {"complete"}
    assert all(row["cost"] == 0 for row in found if not row["attempts"])
    payer = next(row for row in found if row["attempts"])
    assert payer["cost"] > 0
    assert sum(row["output_tokens"] for row in usage["rows"]) == payer["output_tokens"]


def test_a_caller_that_joins_late_gets_all_of_it() -> None:
    """Who comes while a stream is under way reads it from its first word."""

    async def scene() -> tuple[Answer, Answer, int]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            _pause(near)
            _pause(near)
            first = await Caller.ask(home, "/api/chat", cold())
            await first.until(b"Hello")
            second = await Caller.ask(home, "/api/chat", cold())
            await looked_up(home, 2)
            near.pauses.end()
            return await first.rest(), await second.rest(), inference(near)

    first, second, asked = asyncio.run(scene())

    assert asked == 1
    assert second.body == first.body
    assert second.finished


def test_the_first_caller_leaves_and_the_others_get_everything() -> None:
    """G12: a hang-up of whoever asked first ends nothing, and the attempt is written down where somebody is left."""

    async def scene() -> tuple[list[Answer], int, list[Object]]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            _pause(near)
            first = await Caller.ask(home, "/api/chat", cold())
            await first.until(b"Hello")
            others = [await Caller.ask(home, "/api/chat", cold()) for _ in range(2)]
            for other in others:
                await other.until(b"Hello")
            first.leave()
            await until(lambda: len(home.daemon.core.calls) == 2)
            near.pauses.end()
            answers = [await other.rest() for other in others]
            return answers, inference(near), await rows(home, 3)

    answers, asked, found = asyncio.run(scene())

    assert asked == 1
    assert all(answer.finished for answer in answers)
    assert sorted((row["ending"], row["attempts"]) for row in found) == [
        ("client_gone", 0),
        ("complete", 0),
        ("complete", 1),
    ]


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_the_last_to_leave_ends_the_call(stream: bool) -> None:
    """F20: the provider hears of it within a second, and the row of the last one says what was taken."""

    async def scene() -> tuple[float, list[Object]]:
        async with Rehearsal(FAR) as far, running(ON + calm() + cloud(far)) as home:
            far.next(Fault.late_token(60.0), times=-1)
            body = cold("far/scripted", stream=stream)
            callers = [await Caller.ask(home, "/v1/chat/completions", body) for _ in range(3)]
            await until(lambda: inference(far) == 1)
            await looked_up(home, 3)
            left = time.monotonic()
            for caller in callers:
                caller.leave()
            await far.wait_for_hangup(PATIENT_S)
            await until(lambda: not list(home.daemon.core.calls))
            return time.monotonic() - left, await rows(home, 3)

    seconds, found = held_once_of(3, lambda: asyncio.run(scene()), lambda one: one[0] < 1)

    assert seconds < 1
    assert sorted((row["ending"], row["attempts"]) for row in found) == [
        ("client_gone", 0),
        ("client_gone", 0),
        ("client_gone", 1),
    ]


def test_a_failure_is_everybodys() -> None:
    """What ends in an error ends so for all of them, each in its own reply; nothing is kept of it."""

    async def scene() -> tuple[list[Answer], int]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            near.next(Fault.stall(60.0, after=2) | Fault.cut(objects=4), path="/api/chat")
            callers = [await Caller.ask(home, "/api/chat", cold()) for _ in range(3)]
            await looked_up(home, 3)
            near.pauses.end()
            answers = [await caller.rest() for caller in callers]
            return answers, (await admin(home, "/hearth/v1/cache"))["kept"]

    answers, kept = asyncio.run(scene())

    assert all("error" in answer.last and not answer.finished for answer in answers)
    assert not kept


def test_a_tighter_mode_ends_all_of_them() -> None:
    """F54: the switch to offline ends a shared stream from the cloud for everybody."""

    async def scene() -> list[Answer]:
        async with Rehearsal(FAR) as far, running(ON + calm() + cloud(far)) as home:
            body = cold("far/scripted", "count", stream=True)
            callers = [await Caller.ask(home, "/v1/chat/completions", body) for _ in range(3)]
            for caller in callers:
                await caller.until(b"data:")
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "offline"})
            return [await caller.rest() for caller in callers]

    for answer in asyncio.run(scene()):
        assert not answer.finished
        assert "error" in answer.last


def test_callers_of_other_modes_do_not_share() -> None:
    """Each mode asks for itself, at the same time too."""

    async def scene() -> int:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            await asyncio.gather(
                call(home, "/api/chat", cold()), call(home, "/api/chat", cold(), X_Hearth_Mode="offline")
            )
            return inference(near)

    assert asyncio.run(scene()) == 2


def test_callers_that_want_other_forms_do_not_wait_for_each_other() -> None:
    """A stream is never made to wait for a whole reply to the same request."""

    async def scene() -> int:
        async with Rehearsal(FAR) as far, running(ON + calm() + cloud(far)) as home:
            bodies = [cold("far/scripted", stream=stream) for stream in (True, False)]
            await asyncio.gather(*(call(home, "/v1/chat/completions", body) for body in bodies))
            return inference(far)

    assert asyncio.run(scene()) == 2


def test_an_order_to_cancel_ends_one_caller_only() -> None:
    """`hearth` may end one call by its id; the others of the same request go on."""

    async def scene() -> tuple[Answer, Answer]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            _pause(near)
            first = await Caller.ask(home, "/api/chat", cold())
            await first.until(b"Hello")
            second = await Caller.ask(home, "/api/chat", cold())
            await second.until(b"Hello")
            ids = [live.call.id for live in home.daemon.core.calls]
            await admin(home, f"/hearth/v1/calls/{ids[0]}/cancel", "POST")
            ended = await first.rest()
            near.pauses.end()
            return ended, await second.rest()

    first, second = asyncio.run(scene())

    assert not first.finished
    assert second.finished


@pytest.mark.usefixtures("noon")
def test_an_app_without_money_takes_nobody_along() -> None:
    """Who asked first may have spent its budget; the other app, which has not, is answered all the same."""
    apps = '[apps.poor]\nmatch = { user_agent = "Poor/*" }\ndaily_limit = 0.000001\n'

    async def scene() -> tuple[Answer, Answer]:
        async with Rehearsal(FAR) as far, running(ON + apps + calm() + cloud(far, more=PRICE)) as home:
            body = cold("far/scripted", stream=False, max_tokens=50)
            poor, rich = await asyncio.gather(
                call(home, "/v1/chat/completions", body, User_Agent="Poor/1"),
                call(home, "/v1/chat/completions", body, User_Agent="Rich/1"),
            )
            return poor, rich

    poor, rich = asyncio.run(scene())

    assert poor.status == 403
    assert rich.finished


def test_an_app_that_may_not_use_the_model_gets_no_answer_of_it() -> None:
    """The models of an app hold for shared and kept answers too."""
    apps = '[apps.narrow]\nmatch = { user_agent = "Narrow/*" }\nmodels = ["other"]\n'

    async def scene() -> tuple[list[int], list[str]]:
        async with Rehearsal(NEAR) as near, running(ON + apps + calm() + engine(near)) as home:
            body = cold(stream=False)
            at_once = await asyncio.gather(
                call(home, "/api/chat", body), call(home, "/api/chat", body, User_Agent="Narrow/1")
            )
            await asyncio.sleep(0.1)
            later = await call(home, "/api/chat", body, User_Agent="Narrow/1")
            answers = [*at_once, later]
            return [one.status for one in answers], [one.headers.get("x-hearth-cache", "") for one in answers]

    statuses, marks = asyncio.run(scene())

    assert statuses[0] == 200
    assert all(status >= 400 for status in statuses[1:])
    assert marks == ["", "", ""]
