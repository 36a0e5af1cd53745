"""What is held against a key for one model alone: its limit, its quota of the day; the others go on."""

from __future__ import annotations

import asyncio
import json

from hearth.dialects.dialect import Head
from hearth.dialects.gemini.failures import read_problem
from hearth.outbound.keys.pool import Keys
from hearth.problems import QuotaSpent, RateLimited
from hearth_config.secrets import Secret
from outbound.keys.test_key_choice import NONE, Held, next_of

OF_M = RateLimited("Rate limit reached for m-1 in organization org-x.", who="box", retry_after=60.0)


def test_a_quota_of_one_model_rests_the_key_for_that_model() -> None:
    """Google counts each model's requests of the day: the free tier's end for one is not the key's."""
    violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaDimensions": {"model": "m-1"}}
    failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    error = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "You exceeded your quota.", "details": [failure]}
    problem = read_problem(Head(429, ()), json.dumps({"error": error}).encode(), "box")
    keys, held = Keys(Secret), Held("a", "b")
    told = []
    keys.say = lambda kind, **facts: told.append((kind, facts["model"]))

    keys.rest("box", "a", problem, "m-1")

    assert isinstance(problem, QuotaSpent)
    assert [next_of(keys, held, model="m-1") for _ in range(3)] == ["b", "b", "b"]
    assert {next_of(keys, held, model="m-2") for _ in range(4)} == {"a", "b"}
    assert keys.views(held.settings)[0].state == "ready"
    assert told == [("key_rests", "m-1")]


def test_an_answer_of_another_model_does_not_end_the_rest() -> None:
    """The key is trusted, and the limit of the one model holds until its time is over."""
    keys, held = Keys(Secret), Held("a", "b")
    keys.rest("box", "a", OF_M, "m-1")

    keys.accepted("box", "a", "m-2")

    assert [next_of(keys, held, model="m-1") for _ in range(3)] == ["b", "b", "b"]
    assert 50 < keys.views(held.settings)[0].limited["m-1"] <= 60


def test_a_key_with_a_limited_model_is_looked_at_each_time() -> None:
    """The short way for a single key without limits is closed while a model rests, so that no call slips through."""
    keys, alone = Keys(Secret), Held("a")

    async def play() -> tuple[bool, bool]:
        await keys.choose(alone, NONE, 10.0, "m-2")
        before = keys.at_hand(alone, NONE) is not None
        keys.rest("box", "a", OF_M, "m-1")
        await keys.choose(alone, NONE, 10.0, "m-2")
        return before, keys.at_hand(alone, NONE) is not None

    assert asyncio.run(play()) == (True, False)
    assert keys.wait_s(alone.settings, 10.0, "m-1") > 50
    assert keys.wait_s(alone.settings, 10.0, "m-2") == 0


def test_a_limit_that_is_over_is_forgotten() -> None:
    """The next answer clears what has passed, and the short way is open again once the pace is forgotten too."""
    keys, held = Keys(Secret), Held("a", "b")
    keys.rest("box", "a", RateLimited("Rate limit reached for m-1.", who="box", retry_after=1e-9), "m-1")

    keys.accepted("box", "a", "m-2")

    assert keys.views(held.settings)[0].limited == {}
    assert {next_of(keys, held, model="m-1") for _ in range(4)} == {"a", "b"}
