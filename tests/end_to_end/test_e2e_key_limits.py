"""Limits of keys met by many callers at once: who waits, who is let through, and which models rest."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any

import pytest

from end_to_end.callers import Answer, admin, call, calm, chat, cloud
from end_to_end.test_e2e_keys import MODELS, PATH, SECRETS, pool
from hearth.rehearsal import Fault, KeyLimit, Rehearsal, Script
from hearth_home import running
from promised_times import held_once_of

CROWD = 90


@pytest.mark.parametrize("silent", [False, True], ids=["Retry-After", "no word of when"])
def test_a_crowd_waits_for_limits_of_which_no_header_tells(silent: bool) -> None:
    """90 callers at once, three keys of ten requests a second each: all wait their turn, and few are refused."""

    async def scene() -> tuple[Counter[int], int]:
        limited = KeyLimit(requests=10, seconds=1.0, said="nothing", silent=silent)
        script = Script(kind="openai", models=MODELS, limits=(limited,))
        async with (
            Rehearsal(script) as far,
            running(calm("9s") + cloud(far, more=pool("a", "b", "c")), SECRETS) as home,
        ):
            answers = await asyncio.gather(*(call(home, PATH, chat("far/scripted")) for _ in range(CROWD)))
            return Counter(one.status for one in answers), sum(book.over for book in far.books.values())

    statuses, over = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0] == {200: CROWD})

    assert statuses == {200: CROWD}
    assert over <= CROWD * 1.5


def test_a_limit_longer_than_patience_is_asked_by_one_alone() -> None:
    """F14: all keys rest for an hour: one asks whether that is true, the others hear at once when to come back."""

    async def scene() -> tuple[list[Answer], int]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.next(Fault.refuse(429, retry_after="3600"), times=-1)
            config = calm("5s") + "[retry]\nattempts = 1\n" + cloud(far, more=pool("a", "b"))
            async with running(config, SECRETS) as home:
                await call(home, PATH, chat("far/scripted"))
                before = sum(one.method == "POST" for one in far.calls)
                answers = await asyncio.gather(*(call(home, PATH, chat("far/scripted")) for _ in range(20)))
                return answers, sum(one.method == "POST" for one in far.calls) - before

    answers, asked = asyncio.run(scene())

    assert {one.status for one in answers} == {429}
    assert asked <= 4
    assert all(3500 < int(one.headers["retry-after"]) <= 3600 for one in answers)


def test_a_revoked_key_beside_a_limited_one_is_not_what_the_caller_hears_of() -> None:
    """The limited one is asked by one call, the others hear of its limit, and none of the key that was revoked."""

    async def scene() -> list[Answer]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.when(lambda one: SECRETS["A"] in one.header("Authorization"), Fault.refuse(401))
            far.when(lambda one: SECRETS["B"] in one.header("Authorization"), Fault.refuse(429, retry_after="600"))
            config = calm("1s") + "[retry]\nattempts = 1\n" + cloud(far, more=pool("a", "b"))
            async with running(config, SECRETS) as home:
                return await asyncio.gather(*(call(home, PATH, chat("far/scripted")) for _ in range(12)))

    answers = asyncio.run(scene())

    assert {one.status for one in answers} == {429}
    assert all(0 < int(one.headers["retry-after"]) <= 600 for one in answers)


def limit_of(model: str) -> Fault:
    """A provider's refusal that names the model whose limit was met."""
    words = f"Rate limit reached for {model} in organization org-abc on tokens per min (TPM)."
    return Fault.refuse(429, json.dumps({"error": {"message": words, "type": "tokens"}}).encode(), retry_after="60")


def one_model_limited(fault: Fault, keys: str) -> tuple[list[Answer], Counter[tuple[str, str]], Any]:
    """Two models asked in turn, of which one has met its limit with the first key."""

    async def scene() -> tuple[list[Answer], Counter[tuple[str, str]], Any]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            far.when(lambda one: SECRETS["A"] in one.header("Authorization") and b'"other"' in one.body, fault)
            async with running(calm("100ms") + cloud(far, more=keys), SECRETS) as home:
                asked = ["far/other", "far/scripted"] * 4
                answers = [await call(home, PATH, chat(model)) for model in asked]
                status = {one["id"]: one for one in (await admin(home, "/hearth/v1/status"))["keys"]}
            used = Counter(
                (one.header("Authorization")[7:], str(one.json()["model"])) for one in far.calls if one.method == "POST"
            )
            return answers, used, status

    return asyncio.run(scene())


def test_a_spent_key_beside_one_that_rests_is_not_what_the_caller_hears_of() -> None:
    """The account of one key is empty, the other is back soon: a 429 that says when, which clients wait for."""

    async def scene() -> tuple[Answer, Answer]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            config = calm() + cloud(far, more=pool("a", "b"))
            async with running(config, SECRETS) as home:
                far.when(lambda asked: "aaaa" in asked.header("Authorization"), Fault.refuse(429, retry_after="90"))
                assert (await call(home, PATH, chat("far/scripted"))).status == 200
                far.when(lambda asked: "bbbb" in asked.header("Authorization"), Fault.refuse(402))
                return await call(home, PATH, chat("far/scripted")), await call(home, PATH, chat("far/scripted"))

    answers = asyncio.run(scene())

    assert [one.status for one in answers] == [429, 429]
    assert 60 <= int(answers[0].headers["retry-after"]) <= 90


def test_a_limit_of_one_model_rests_the_key_for_that_model_alone() -> None:
    """429 that names the model: the other key takes over for it, and both go on with the other models."""
    answers, used, status = one_model_limited(limit_of("other"), pool("a", "b"))

    assert [one.status for one in answers] == [200] * 8
    assert used[SECRETS["A"], "other"] == 1
    assert used[SECRETS["A"], "scripted"] >= 2
    assert status["a"]["state"] == "ready"
    assert 50 < status["a"]["limited"]["other"] <= 60


def test_the_only_key_goes_on_with_the_other_models() -> None:
    """A person with one key is kept from one model, for as long as its provider says, and from no other."""
    answers, used, status = one_model_limited(limit_of("other"), pool("a"))

    assert [one.status for one in answers] == [429, 200] * 4
    assert used[SECRETS["A"], "scripted"] == 4
    assert status["a"]["state"] == "ready"


def test_a_limit_of_the_key_rests_it_for_all_models() -> None:
    """429 that names no model is the key's: the other key serves all of them."""
    answers, used, status = one_model_limited(Fault.refuse(429, retry_after="60"), pool("a", "b"))

    assert [one.status for one in answers] == [200] * 8
    assert used[SECRETS["A"], "scripted"] + used[SECRETS["A"], "other"] == 1
    assert status["a"]["state"] == "rate_limited"


def test_headers_of_one_model_say_nothing_of_the_others() -> None:
    """OpenAI tells what is left for the model that was asked: one that is used up keeps no other waiting."""

    async def scene() -> tuple[list[int], dict[str, Any], float]:
        script = Script(kind="openai", models=MODELS, limits=(KeyLimit(requests=1, seconds=60.0),))
        async with Rehearsal(script) as far, running(calm("5s") + cloud(far, more=pool("a")), SECRETS) as home:
            first = await call(home, PATH, chat("far/other"))
            far.rescript(limits=())
            began = time.monotonic()
            second = await call(home, PATH, chat("far/scripted"))
            seconds = time.monotonic() - began
            return [first.status, second.status], (await admin(home, "/hearth/v1/status"))["keys"][0], seconds

    statuses, key, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[2] < 3)

    assert seconds < 3
    assert statuses == [200, 200]
    assert [(one["model"], one["left"]) for one in key["room"]] == [("other", 0)]


def talk(turns: int) -> list[dict[str, str]]:
    """The turns of a conversation so far."""
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one"}]
    for turn in range(turns):
        said += [{"role": "assistant", "content": f"answer {turn}"}, {"role": "user", "content": f"more {turn}"}]
    return said


def test_a_conversation_stays_with_the_key_that_answered_it() -> None:
    """Pain 45: prompt caches are an account's. A limit lets the conversation go on with another key, and stay there."""

    async def scene() -> list[str]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            async with running(calm("100ms") + cloud(far, more=pool("a", "b", "c")), SECRETS) as home:
                for turn in range(8):
                    if turn == 4:
                        held = far.calls[-1].header("Authorization")
                        limited = Fault.refuse(429, retry_after="60")
                        far.when(lambda one, held=held: one.header("Authorization") == held, limited)  # type: ignore[misc]
                    answer = await call(home, PATH, {"model": "far/scripted", "messages": talk(turn)})
                    assert answer.status == 200
            return [one.header("Authorization")[7:] for one in far.calls if one.method == "POST"]

    used = asyncio.run(scene())

    first, other = used[0], used[5]
    assert used[:5] == [first] * 5
    assert other != first
    assert used[5:] == [other] * 4


def test_conversations_that_begin_alike_are_spread_over_the_keys() -> None:
    """Only what goes on is held: first turns go by weight, as ever."""

    async def scene() -> Counter[str]:
        async with Rehearsal(Script(kind="openai", models=MODELS)) as far:
            async with running(calm() + cloud(far, more=pool("a", "b", "c")), SECRETS) as home:
                for _ in range(9):
                    await call(home, PATH, {"model": "far/scripted", "messages": talk(0)})
            return Counter(one.header("Authorization")[7:] for one in far.calls if one.method == "POST")

    assert set(asyncio.run(scene()).values()) == {3}
