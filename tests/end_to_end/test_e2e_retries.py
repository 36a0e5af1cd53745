"""When the same target is asked again, and when it is spared: pauses, the retry budget, rests, stale connections."""

from __future__ import annotations

import asyncio

import pytest

from end_to_end.callers import Answer, call, calm, chat, cloud, engine, inference
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import running
from promised_times import held_once_of

TWO = '[models.both]\nuse = ["far/scripted", "spare/scripted"]\nstrategy = "as_listed"\n'
BRISK = '[retry]\nbackoff = "20ms"\n'
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))


def test_a_passing_fault_is_tried_again() -> None:
    """With nobody else to ask, the same target is asked again after a pause."""

    async def scene() -> tuple[Answer, int]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.refuse(503), times=2)
            async with running(calm() + BRISK + cloud(far)) as home:
                answer = await call(home, "/v1/chat/completions", chat("far/scripted", stream=True))
            return answer, inference(far)

    answer, tries = asyncio.run(scene())

    assert answer.finished
    assert answer.headers["x-hearth-attempts"] == "3"
    assert tries == 3


def test_retry_after_is_never_cut_short() -> None:
    """F14: the second try comes no sooner than the provider said."""

    async def scene() -> tuple[Answer, float]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.refuse(429, retry_after="1"))
            async with running(calm() + BRISK + cloud(far)) as home:
                answer = await call(home, "/v1/chat/completions", chat("far/scripted"))
            first, second = [one for one in far.calls if one.method == "POST"]
            return answer, second.received_at - first.received_at

    answer, gap = asyncio.run(scene())

    assert answer.finished
    assert gap >= 1


@pytest.mark.parametrize(
    ("given", "most_s"), [("86400", 1.0), ("-1", 2.0), ("soon", 2.0), ("Wed, 21 Oct 2037 07:28:00 GMT", 1.0)]
)
def test_retry_after_of_any_kind(given: str, most_s: float) -> None:
    """F14: a pause longer than a caller would wait is passed on; nonsense is no reason to hurry or to wait for ever.

    What is passed on is so at once. After nonsense two tries follow, when the key has rested as where nothing was said:
    for half a second, then for one.
    """

    async def scene() -> tuple[Answer, float]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.refuse(429, retry_after=given), times=-1)
            async with running(calm() + BRISK + cloud(far)) as home:
                began = asyncio.get_running_loop().time()
                answer = await call(home, "/v1/chat/completions", chat("far/scripted"))
                return answer, asyncio.get_running_loop().time() - began

    answer, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < most_s)

    assert answer.status == 429
    assert answer.json()["error"]["message"]
    assert seconds < most_s


def test_a_total_outage_is_not_made_worse() -> None:
    """F16, G17: while nobody answers, a hundred calls make at most a fifth more attempts than calls."""

    async def scene() -> tuple[int, list[Answer]]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.refuse(500), times=-1)
            async with running(calm() + BRISK + cloud(far)) as home:
                body = chat("far/scripted")
                answers = []
                for _ in range(10):
                    answers += await asyncio.gather(*(call(home, "/v1/chat/completions", body) for _ in range(10)))
            return inference(far), answers

    attempts, answers = asyncio.run(scene())

    assert attempts <= 120
    assert {one.status for one in answers} == {502}
    assert answers[0].headers["x-should-retry"] == "false"


def test_an_exhausted_chain_is_passed_once() -> None:
    """F17: each target of a chain that fails throughout is asked exactly once, then the caller gets one error."""

    async def scene() -> tuple[list[int], Answer]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare, Rehearsal() as near:
            for one in (far, spare, near):
                one.next(Fault.refuse(500), path="/chat/completions", times=-1)
                one.next(Fault.refuse(500), path="/api/chat", times=-1)
            chain = (
                '[models.all]\nuse = ["far/scripted", "spare/scripted", "ollama/scripted"]\nstrategy = "as_listed"\n'
            )
            config = 'mode = "any"\n' + calm() + chain + BRISK + cloud(far) + cloud(spare, "spare") + engine(near)
            async with running(config) as home:
                answer = await call(home, "/v1/chat/completions", chat("all"))
            return [inference(one) for one in (far, spare, near)], answer

    asked, answer = asyncio.run(scene())

    assert asked == [1, 1, 1]
    assert answer.status == 502


def test_an_ailing_provider_is_spared() -> None:
    """F15: after five failures in a row a provider rests, and the next calls go straight to the other one."""

    async def scene() -> tuple[int, list[str]]:
        async with Rehearsal(CLOUD) as far, Rehearsal(CLOUD) as spare:
            far.next(Fault.refuse(500), times=-1)
            async with running(calm() + TWO + BRISK + cloud(far) + cloud(spare, "spare")) as home:
                answers = [await call(home, "/v1/chat/completions", chat("both")) for _ in range(12)]
            return inference(far), [one.headers["x-hearth-attempts"] for one in answers]

    asked, attempts = asyncio.run(scene())

    assert asked == 5
    assert attempts == ["2"] * 5 + ["1"] * 7


def test_a_connection_gone_stale_is_replaced_once() -> None:
    """F19: a kept connection that the provider closed meanwhile costs the caller nothing."""

    async def scene() -> list[Answer]:
        async with Rehearsal(CLOUD) as far:
            far.next(Fault.close_idle(0.0), times=-1)
            async with running(calm() + cloud(far)) as home:
                answers = []
                for pause in (0.0, 0.0, 0.05, 0.2):
                    answers.append(await call(home, "/v1/chat/completions", chat("far/scripted")))
                    await asyncio.sleep(pause)
                return answers

    answers = asyncio.run(scene())

    assert all(one.finished for one in answers)
    assert {one.headers["x-hearth-attempts"] for one in answers} == {"1"}
