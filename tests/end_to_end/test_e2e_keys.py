"""Keys in a running daemon: a pool of them under load, refusals, rests, and secrets that change."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from end_to_end.callers import Answer, admin, call, calm, chat, cloud, until
from hearth.rehearsal import Fault, KeyLimit, ModelScript, Rehearsal, Script
from hearth_home import Home, make, running
from promised_times import held_once_of

MODELS = (ModelScript(name="scripted"), ModelScript(name="other"))
PATH = "/v1/chat/completions"
SECRETS = {"A": "sk-canary-aaaa", "B": "sk-canary-bbbb", "C": "sk-canary-cccc"}
CALLERS = 32


def pool(*ids: str, more: str = "", **limits: str) -> str:
    """A provider's keys; each has what is said of it, and `more` is said of all."""
    tables = (f'{{ id = "{id}", value = "env:{id.upper()}"{more}{limits.get(id, "")} }}' for id in ids)
    return f"keys = [{', '.join(tables)}]"


class Seen(NamedTuple):
    """What callers got, which secrets the provider saw, how its keys stand, and what it held against them."""

    answers: list[Answer]
    used: Counter[str]
    status: dict[str, dict[str, Any]]
    over: int

    @property
    def statuses(self) -> Counter[int]:
        return Counter(one.status for one in self.answers)


async def _ask(home: Home, count: int) -> list[Answer]:
    """So many calls by 32 parallel callers."""
    left = iter(range(count))

    async def caller() -> list[Answer]:
        return [await call(home, PATH, chat("far/scripted")) for _ in left]

    found = await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return [answer for answers in found for answer in answers]


def play(script: Script, keys: str, count: int, more: str = "", patience: str = "10s") -> Seen:
    """Let 32 callers ask a provider with these keys."""

    async def scene() -> Seen:
        async with Rehearsal(script) as far, running(calm(patience) + cloud(far, more=keys) + more, SECRETS) as home:
            answers = await _ask(home, count)
            status = {one["id"]: one for one in (await admin(home, "/hearth/v1/status"))["keys"]}
            used = Counter(one.header("Authorization")[7:] for one in far.calls if one.method == "POST")
            return Seen(answers, used, status, sum(book.over for book in far.books.values()))

    return asyncio.run(scene())


def test_one_limited_and_one_revoked_key_cost_no_request() -> None:
    """32 callers, three keys: one has a limit in the config and at its provider, one was revoked, one is free.

    No request fails, the limited key is used up to its limit and never over it, and the revoked one is left alone.
    """
    limits = (KeyLimit(key=SECRETS["A"], requests=20, seconds=60.0, counts="sliding"), KeyLimit())
    script = Script(kind="openai", models=MODELS, keys=(SECRETS["A"], SECRETS["C"]), limits=limits)

    seen = play(script, pool("a", "b", "c", a=", requests_per_minute = 20"), 400)

    assert [one.status for one in seen.answers] == [200] * 400
    assert all(one.finished for one in seen.answers)
    assert seen.over == 0
    assert seen.used[SECRETS["A"]] == 20
    assert seen.used[SECRETS["B"]] <= CALLERS
    assert seen.used[SECRETS["C"]] == 380
    assert [seen.status[id]["state"] for id in "abc"] == ["full", "key_refused", "ready"]


@pytest.mark.parametrize("said", ["openai", "anthropic", "plain"])
def test_limits_that_only_the_provider_knows_are_learned(said: Any) -> None:  # noqa: ANN401 -- one of three words
    """Without a limit in the config the headers tell what is left, and the free key takes the rest."""
    limited = KeyLimit(key=SECRETS["A"], requests=15, seconds=60.0, said=said, counts="sliding")
    script = Script(kind="openai", models=MODELS, limits=(limited, KeyLimit()))

    seen = play(script, pool("a", "b"), 300)

    assert [one.status for one in seen.answers] == [200] * 300
    assert 10 <= seen.used[SECRETS["A"]] - seen.over <= 15
    assert seen.over <= CALLERS


@pytest.mark.parametrize("said", ["openai", "anthropic", "plain"])
def test_a_pool_that_is_limited_as_a_whole_is_kept_busy_and_not_hammered(said: Any) -> None:  # noqa: ANN401 -- a word
    """Three keys of ten requests a second each, known from headers alone: 32 callers wait their turn."""
    limited = KeyLimit(requests=10, seconds=1.0, said=said)

    script = Script(kind="openai", models=MODELS, limits=(limited,))

    seen = held_once_of(3, lambda: play(script, pool("a", "b", "c"), 90), lambda one: one.statuses == {200: 90})

    assert seen.statuses == {200: 90}
    assert seen.over <= 30


def test_keys_are_used_by_weight() -> None:
    """Among keys that all have room each gets the share that its weight says."""
    seen = play(Script(kind="openai", models=MODELS), pool("a", "b", "c", a=", weight = 2", b=", weight = 0.5"), 140)

    assert seen.used == {SECRETS["A"]: 80, SECRETS["B"]: 20, SECRETS["C"]: 40}


def test_a_limit_holds_though_32_callers_ask_at_once() -> None:
    """One key with a limit: what is over it waits for room as long as patience allows, then gets 429 with the time."""
    seen = play(
        Script(kind="openai", models=MODELS, limits=(KeyLimit(requests=10, counts="sliding"),)),
        pool("a", a=", requests_per_minute = 10"),
        40,
        "[retry]\nattempts = 1\n",
        patience="300ms",
    )

    assert Counter(one.status for one in seen.answers) == {200: 10, 429: 30}
    assert seen.over == 0
    assert {int(one.headers["retry-after"]) > 30 for one in seen.answers if one.status == 429} == {True}
    assert b"hearth keys" in next(one.body for one in seen.answers if one.status == 429)


BOTH = '[models.both]\nuse = ["far/scripted", "near/scripted"]\nstrategy = "as_listed"\n'


def advance(slow_s: float, patience: str) -> tuple[list[Answer], list[str], int]:
    """Two calls for a key that its provider lets through once in 3 s; another target takes `slow_s` to answer."""

    async def scene() -> tuple[list[Answer], list[str], int]:
        limited = Script(kind="openai", models=MODELS, limits=(KeyLimit(requests=1, seconds=3.0, said="plain"),))
        async with Rehearsal(limited) as far, Rehearsal(Script(kind="openai", models=MODELS)) as near:
            near.next(Fault.late_token(slow_s), times=-1)
            config = calm(patience) + BOTH + cloud(far, more=pool("a", "b")) + cloud(near, "near")
            far.rescript(keys=(SECRETS["A"],))
            async with running(config, SECRETS) as home:
                await call(home, PATH, chat("near/scripted", stream=True))
                answers = [await call(home, PATH, chat("both")) for _ in range(2)]
                ids = [one.headers["x-hearth-id"] for one in answers]
                told = [(await admin(home, f"/hearth/v1/calls/{id}"))["attempts"] for id in ids]
            return answers, [str(one[-1]["detail"]) for one in told], sum(book.over for book in far.books.values())

    return asyncio.run(scene())


def test_a_call_waits_for_room_when_that_is_sooner_than_another_answer() -> None:
    """A wait of three seconds beats an answer that takes five: nobody is asked in vain, and `why` tells of the wait."""
    answers, details, over = advance(5.0, "10s")

    assert [one.headers["x-hearth-target"] for one in answers] == ["far/scripted"] * 2
    assert over == 0
    assert "room under a key's limit" in details[1]


def test_a_full_key_sends_the_call_on_when_another_answers_sooner() -> None:
    """A minute is longer than any answer: the next target is asked at once, and `why` tells of the limit."""

    async def scene() -> tuple[Answer, list[Any]]:
        script = Script(kind="openai", models=MODELS)
        async with Rehearsal(script) as far, Rehearsal(script) as near:
            config = calm() + BOTH + cloud(far, more=pool("a", more=", requests_per_minute = 1")) + cloud(near, "near")
            async with running(config, SECRETS) as home:
                await call(home, PATH, chat("both"))
                answer = await call(home, PATH, chat("both"))
                return answer, (await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}"))["attempts"]

    answer, attempts = asyncio.run(scene())

    assert answer.headers["x-hearth-target"] == "near/scripted"
    assert answer.headers["x-hearth-reason"] == "rate_limited"
    assert [(one["target"], one["ending"]) for one in attempts] == [
        ("far/scripted", "refused"),
        ("near/scripted", "complete"),
    ]
    assert "limits that the config gives" in attempts[0]["detail"]


def test_a_limited_key_rests_until_its_reset_and_the_target_does_not() -> None:
    """F14: 429 moves to the next key at once; the rest is as long as the provider says."""

    async def scene() -> tuple[list[Answer], list[str], dict[str, Any], float]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.when(lambda one: SECRETS["A"] in one.header("Authorization"), Fault.refuse(429, retry_after="70"))
            async with running(calm() + cloud(far, more=pool("a", "b")), SECRETS) as home:
                began = time.monotonic()
                answers = [await call(home, PATH, chat("far/scripted")) for _ in range(4)]
                status = {one["id"]: one for one in (await admin(home, "/hearth/v1/status"))["keys"]}
                seconds = time.monotonic() - began
            used = [one.header("Authorization")[7:] for one in far.calls if one.method == "POST"]
            return answers, used, status, seconds

    answers, used, status, seconds = asyncio.run(scene())

    assert [one.status for one in answers] == [200] * 4
    assert used == [SECRETS["A"], *[SECRETS["B"]] * 4]
    assert status["a"]["state"] == "rate_limited"
    assert 69 - seconds < status["a"]["rests_s"] <= 70
    assert [one.headers["x-hearth-attempts"] for one in answers] == ["2", "1", "1", "1"]


def test_a_spent_quota_rests_until_the_date_that_is_named() -> None:
    """402 names the day: until then the other key answers."""
    said = b'{"error":{"message":"Credits used up. They renew on 2099-01-01. Also 2031-01-01.","type":"billing"}}'

    async def scene() -> tuple[list[int], dict[str, Any]]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.when(
                lambda one: SECRETS["A"] in one.header("Authorization"), Fault.refuse(402, said, retry_after="86400")
            )
            async with running(calm() + cloud(far, more=pool("a", "b")), SECRETS) as home:
                answers = [await call(home, PATH, chat("far/scripted")) for _ in range(3)]
                status = {one["id"]: one for one in (await admin(home, "/hearth/v1/status"))["keys"]}
            return [one.status for one in answers], status

    statuses, status = asyncio.run(scene())

    assert statuses == [200] * 3
    assert status["a"]["state"] == "quota_spent"
    assert 86_000 < status["a"]["rests_s"] <= 86_400
    assert "Credits used up" in status["a"]["last_error"]


def test_a_key_that_may_not_use_one_model_serves_the_others() -> None:
    """403 takes a key out for the model that it was refused, and for no other."""

    async def scene() -> tuple[list[int], Counter[tuple[str, str]], dict[str, Any]]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            barred = Fault.refuse(403)
            far.when(lambda one: SECRETS["A"] in one.header("Authorization") and b'"other"' in one.body, barred)
            async with running(calm() + cloud(far, more=pool("a", "b")), SECRETS) as home:
                asked = ["far/other", "far/scripted"] * 4
                answers = [await call(home, PATH, chat(model)) for model in asked]
                status = {one["id"]: one for one in (await admin(home, "/hearth/v1/status"))["keys"]}
            used = Counter(
                (one.header("Authorization")[7:], str(one.json()["model"])) for one in far.calls if one.method == "POST"
            )
            return [one.status for one in answers], used, status

    statuses, used, status = asyncio.run(scene())

    assert statuses == [200] * 8
    assert used[SECRETS["A"], "other"] == 1
    assert used[SECRETS["A"], "scripted"] >= 2
    assert status["a"]["barred"] == ["other"]
    assert status["a"]["state"] == "ready"


def test_a_limit_of_the_day_holds_over_a_restart(tmp_path: Path) -> None:
    """What was used before the daemon was stopped still counts after it was started again."""

    async def run(config: str, count: int) -> list[int]:
        daemon = make(tmp_path, config, SECRETS)
        await daemon.start()
        try:
            port = int(next(one for one in daemon.core.listening if one.startswith("http")).rpartition(":")[2])
            home = Home(daemon, port, daemon.paths.socket, tmp_path)
            await until(lambda: ("far", "a") in daemon.core.keys.recalled)
            await asyncio.sleep(0.2)
            return [(await call(home, PATH, chat("far/scripted"))).status for _ in range(count)]
        finally:
            await daemon.stop()

    async def scene() -> list[list[int]]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            limited = pool("a", a=", requests_per_day = 3")
            config = calm(patience="100ms") + cloud(far, more=limited) + "[retry]\nattempts = 1\n"
            return [await run(config, 2), await run(config, 2)]

    assert asyncio.run(scene()) == [[200, 200], [200, 429]]
