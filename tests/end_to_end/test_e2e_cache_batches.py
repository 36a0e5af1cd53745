"""Embeddings that wait for the same model are sent together; each caller gets its own vectors, nobody is delayed."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, Object, admin, call, calm, engine, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running
from promised_times import held_once_of

ON = '[cache]\nembeddings = "exact"\n'
MODEL = ModelScript(name="embedder", embedding_length=8, num_ctx=64, capabilities=("embedding",))
NEAR = Script(models=(MODEL,))
ROUTES = ("/api/embed", "/v1/embeddings")
TEXTS = [f"text number {number}" for number in range(6)]


def asking(text: str | list[str], **more: object) -> Object:
    return {"model": "embedder", "input": text, **more}


def vectors(answer: Answer) -> list[list[float]]:
    """Return the vectors of a reply in either dialect."""
    body = json.loads(answer.body)
    return body["embeddings"] if "embeddings" in body else [one["embedding"] for one in body["data"]]


def sent(near: Rehearsal) -> list[list[str]]:
    """Return the inputs of each request for vectors; loading calls have none."""
    bodies = [json.loads(one.body) for one in near.calls if one.path == "/api/embed" and one.body]
    inputs = [body.get("input") for body in bodies]
    return [one if isinstance(one, list) else [one] for one in inputs if one]


async def _alone(texts: list[str]) -> dict[str, list[float]]:
    """Return each text's vector as the engine gives it without us between."""
    async with Rehearsal(NEAR) as near, running(calm() + engine(near)) as home:
        return {text: vectors(await call(home, "/api/embed", asking(text)))[0] for text in texts}


async def _at_once(home: Home, near: Rehearsal, path: str, bodies: list[Object]) -> list[Answer]:
    """What callers read who are all there before their model is loaded."""
    with near.engine.loads_held():
        callers = [await Caller.ask(home, path, body) for body in bodies]
        await _arrived(home, len(bodies))
    return [await caller.rest() for caller in callers]


async def _arrived(home: Home, count: int) -> None:
    """Wait until so many callers wait for the model: those for whom the cache looks, until it has found nothing."""
    await until(lambda: len(home.daemon.core.calls) == count)
    if (cache := home.daemon.core.cache) is not None:
        await until(lambda: cache.misses == count)


async def _kept(home: Home, count: int) -> None:
    """Wait until so many answers are on disk."""
    cache = home.daemon.core.cache
    assert cache is not None
    async with asyncio.timeout(PATIENT_S):
        while (await cache.sums()).answers < count:  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", ROUTES)
def test_those_that_wait_for_a_load_go_together(path: str) -> None:
    """Six texts while the model loads are one request; each reply has its own vector, the tokens are shared out."""

    async def scene() -> tuple[list[Answer], list[list[str]], list[Object], Object]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            answers = await _at_once(home, near, path, [asking(text) for text in TEXTS])
            await until(lambda: home.daemon.ledger.state().written >= len(TEXTS))
            rows = await admin(home, "/hearth/v1/calls")
            return answers, sent(near), rows, await admin(home, "/hearth/v1/cache")

    answers, asked, rows, stats = asyncio.run(scene())
    alone = asyncio.run(_alone(TEXTS))

    assert len(asked) == 1
    assert sorted(asked[0]) == sorted(TEXTS)
    for text, answer in zip(TEXTS, answers, strict=True):
        assert vectors(answer) == [pytest.approx(alone[text])]
        assert answer.headers["x-hearth-target"] == "ollama/embedder:latest"
    assert [row["attempts"] for row in rows] == [1] * len(TEXTS)
    assert all(row["input_tokens"] > 0 and row["estimated"] for row in rows)
    assert stats["batched"] == len(TEXTS)


def test_a_free_slot_is_taken_at_once() -> None:
    """One after the other: nobody waits for company."""

    async def scene() -> list[list[str]]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            for text in TEXTS[:3]:
                await call(home, "/api/embed", asking(text))
            return sent(near)

    assert asyncio.run(scene()) == [[text] for text in TEXTS[:3]]


def test_without_the_switch_each_goes_alone() -> None:
    """Off is off."""

    async def scene() -> list[list[str]]:
        async with Rehearsal(NEAR) as near, running(calm() + engine(near)) as home:
            await _at_once(home, near, "/api/embed", [asking(text) for text in TEXTS[:3]])
            return sent(near)

    assert sorted(asyncio.run(scene())) == [[text] for text in TEXTS[:3]]


def test_what_went_together_is_kept_apart() -> None:
    """Each part of a batch is an answer of its own in the cache."""

    async def scene() -> list[str]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            await _at_once(home, near, "/api/embed", [asking(text) for text in TEXTS])
            await _kept(home, len(TEXTS))
            again = [await call(home, "/api/embed", asking(text)) for text in TEXTS]
            return [answer.headers.get("x-hearth-cache", "") for answer in again]

    assert asyncio.run(scene()) == ["hit"] * len(TEXTS)


def test_one_bad_text_harms_no_other() -> None:
    """A batch that the engine refuses is asked one by one: only the text that is too long is refused."""

    async def scene() -> tuple[list[int], list[list[str]]]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            answers = await _at_once(home, near, "/api/embed", [asking(text) for text in [*TEXTS[:2], "word " * 80]])
            return [answer.status for answer in answers], sent(near)

    statuses, asked = asyncio.run(scene())

    assert statuses == [200, 200, 400]
    assert len(asked) >= 3


def test_who_leaves_the_batch_harms_no_other() -> None:
    """A caller that hangs up while it waits is not sent; the others are answered."""

    async def scene() -> tuple[list[Answer], list[list[str]]]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            with near.engine.loads_held():
                callers = [await Caller.ask(home, "/api/embed", asking(text)) for text in TEXTS[:3]]
                await _arrived(home, 3)
                callers[0].leave()
                await until(lambda: len(home.daemon.core.calls) == 2)
            answers = [await one.rest() for one in callers[1:]]
            return answers, sent(near)

    answers, asked = asyncio.run(scene())

    assert [answer.status for answer in answers] == [200, 200]
    assert asked == [TEXTS[1:3]]


def test_the_last_to_leave_ends_the_batch() -> None:
    """F20: when all have hung up, the engine hears of it within a second and nothing is left."""

    async def scene() -> tuple[float, int]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            await call(home, "/api/embed", asking("warm"))
            near.next(Fault.late_token(60.0), path="/api/embed", times=-1)
            first = await Caller.ask(home, "/api/embed", asking("first"))
            await until(lambda: len(sent(near)) == 2)
            callers = [await Caller.ask(home, "/api/embed", asking(text)) for text in TEXTS[:3]]
            await until(lambda: len(home.daemon.core.calls) == 4)
            left = time.monotonic()
            for caller in (first, *callers):
                caller.leave()
            await near.wait_for_hangup(PATIENT_S)
            await until(lambda: not list(home.daemon.core.calls))
            views = [lane.view() for lane in home.daemon.core.lanes.values()]
            return time.monotonic() - left, sum(one.in_flight + one.queued for one in views)

    seconds, held = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0] < 1)

    assert seconds < 1
    assert held == 0


def test_other_wishes_go_apart() -> None:
    """Another number of dimensions is another batch, and a body with members of its own goes alone."""

    async def scene() -> list[list[str]]:
        async with Rehearsal(NEAR) as near, running(ON + calm() + engine(near)) as home:
            bodies = [asking("a"), asking("b", dimensions=4), asking("c", options={"num_thread": 2}), asking("d")]
            await _at_once(home, near, "/api/embed", bodies)
            return sent(near)

    assert sorted(asyncio.run(scene())) == [["a", "d"], ["b"], ["c"]]
