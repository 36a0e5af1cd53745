"""An app over its limits hears so in its own dialect, with the time to wait; others and the log are as ever."""

from __future__ import annotations

import asyncio

import pytest

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, engine, inference, until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running

SLOW = Script(models=(ModelScript(name="scripted", tokens_per_second=20.0),))
APP = '[apps.zed]\nmatch = {{ user_agent = "Zed/*" }}\n{}\n'
BODY = {"model": "scripted", "max_tokens": 16, "messages": [{"role": "user", "content": "hello"}]}


async def _twice(limit: str, path: str) -> tuple[Answer, Answer, Answer, int, Object, list[Object]]:
    """Call twice as one app and once as another; what they read, what was asked for, status and events."""
    async with (
        Rehearsal(SLOW) as near,
        running(APP.format(limit) + calm() + engine(near)) as home,
    ):
        body = {"model": "scripted", "input": "hello"} if path == "/v1/responses" else BODY
        first, second, other = [await call(home, path, body, User_Agent=who) for who in ("Zed/1", "Zed/1", "Other/1")]
        status = await admin(home, "/hearth/v1/status")
        happenings = [one for one in home.daemon.core.events.recent if one.kind == "rate_limited"]
        return first, second, other, inference(near), status, [one.facts for one in happenings]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/chat", None),
        ("/v1/chat/completions", "rate_limit_error"),
        ("/v1/messages", "rate_limit_error"),
        ("/v1/responses", "rate_limit_error"),
    ],
)
def test_a_second_call_in_the_minute_is_a_429_of_its_dialect(path: str, kind: str | None) -> None:
    """The call over the limit is refused with 429 and Retry-After before anybody is asked; other apps go on."""
    first, second, other, asked, status, said = asyncio.run(_twice("requests_per_minute = 1", path))

    assert (second.status, other.status) == (429, first.status)
    assert 0 < int(second.headers["retry-after"]) <= 60
    error = second.json()["error"]
    assert "requests_per_minute" in (error if isinstance(error, str) else error["message"])
    assert kind is None or error["type"] == kind
    assert asked <= 2
    assert said == [{"app": "zed", "limit": "requests_per_minute", "retry_after": said[0]["retry_after"]}]
    assert [(one["name"], one["requests"], one["refused"]) for one in status["apps"]] == [("zed", 1, 1)]


def test_a_refused_call_stands_in_the_log() -> None:
    """`hearth log` shows the call as refused, with the problem's name."""

    async def scene() -> list[Object]:
        async with Rehearsal(SLOW) as near, running(APP.format("requests_per_minute = 1") + engine(near)) as home:
            for _ in range(2):
                await call(home, "/api/chat", BODY, User_Agent="Zed/1")
            found: list[Object] = await admin(home, "/hearth/v1/calls")
            return found

    newest = asyncio.run(scene())[0]

    assert (newest["ending"], newest["problem"], newest["status"]) == ("refused", "app_limited", 429)


def test_calls_at_once_are_given_back_when_the_caller_hangs_up() -> None:
    """With one call at once allowed a second is refused while the first runs, and let in once it has hung up."""

    async def scene() -> tuple[int, int]:
        async with Rehearsal(SLOW) as near, running(APP.format("parallel = 1") + calm() + engine(near)) as home:
            first = await Caller.ask(home, "/api/chat", chat("scripted", "count"), User_Agent="Zed/1")
            await first.until(b"one,")
            second = await call(home, "/api/chat", BODY, User_Agent="Zed/1")
            first.leave()
            await until(lambda: not len(home.daemon.core.calls))
            third = await call(home, "/api/chat", BODY, User_Agent="Zed/1")
            return second.status, third.status

    assert asyncio.run(scene()) == (429, 200)


def test_tokens_of_the_minute_count() -> None:
    """What earlier answers took counts against tokens_per_minute."""

    async def scene() -> list[int]:
        async with Rehearsal(SLOW) as near, running(APP.format("tokens_per_minute = 40") + engine(near)) as home:
            return [(await call(home, "/api/chat", BODY, User_Agent="Zed/1")).status for _ in range(6)]

    statuses = asyncio.run(scene())

    assert statuses[0] == 200
    assert statuses[-1] == 429


@pytest.mark.parametrize("limit", [-1, -(10**9)])
def test_a_negative_limit_of_an_answer_is_no_credit(limit: int) -> None:
    """Engines take -1 for any number of tokens; it makes no room for others while that call is under way."""

    async def scene() -> int:
        rule = APP.format("tokens_per_minute = 100")
        async with Rehearsal(SLOW) as near, running(rule + calm() + engine(near)) as home:
            asked = {**chat("scripted", "count"), "max_tokens": limit}
            first = await Caller.ask(home, "/v1/chat/completions", {**asked, "stream": True}, User_Agent="Zed/1")
            await first.until(b"one,")
            second = await call(home, "/v1/chat/completions", {**BODY, "max_tokens": 1000}, User_Agent="Zed/1")
            first.leave()
            return second.status

    assert asyncio.run(scene()) == 429


def test_32_callers_at_once_exceed_no_limit() -> None:
    """However many come together, no more get through than the minute allows, and no more run at once."""

    async def scene() -> tuple[list[int], int, int]:
        limits = "requests_per_minute = 10\nparallel = 4"
        async with Rehearsal(SLOW) as near, running(APP.format(limits) + calm() + engine(near)) as home:
            most = [0]

            async def watch() -> None:
                while True:
                    quota = (home.daemon.core.app_limits or {})["zed"]
                    most[0] = max(most[0], quota.in_flight)
                    await asyncio.sleep(0.005)

            watching = asyncio.create_task(watch())
            statuses: list[int] = []
            for _ in range(4):
                answers = await asyncio.gather(*(call(home, "/api/chat", BODY, User_Agent="Zed/1") for _ in range(32)))
                statuses += [answer.status for answer in answers]
            watching.cancel()
            return statuses, most[0], inference(near)

    statuses, most, asked = asyncio.run(scene())

    assert set(statuses) == {200, 429}
    assert statuses.count(200) == asked == 10
    assert 0 < most <= 4
