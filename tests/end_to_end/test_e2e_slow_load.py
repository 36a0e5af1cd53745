"""The real case: a model that takes 25 s to load, callers who wait for 10 s at most, and what each of them gets."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import pytest

from end_to_end.callers import Answer, Caller, calm, chat, cloud, engine, inference, until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.engine import Load
from hearth_home import Home, running
from promised_times import held_once_of

LOAD_S = 25.0
PATIENCE_S = 10.0
NAME = "ollama/scripted:latest"
ROUTES = ("/api/chat", "/v1/chat/completions")
NEAR = Script(models=(ModelScript(name="scripted", load_seconds=LOAD_S),))
FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
TO_CLOUD = '[fallback]\ncloud = ["far/scripted"]\n'


class Timed(NamedTuple):
    """An answer, and for how many seconds its caller waited."""

    answer: Answer
    seconds: float

    @property
    def told(self) -> tuple[str, str]:
        return self.answer.headers["x-hearth-target"], self.answer.headers["x-hearth-reason"]


class Seen(NamedTuple):
    """What the first callers got, what the next one got, the loads, and how often the model was asked."""

    first: list[Timed]
    later: Timed
    loads: list[Load]
    asked: int


async def _ask(home: Home, path: str, **headers: str) -> Timed:
    began = time.monotonic()
    caller = await Caller.ask(home, path, chat(), **headers)
    answer = await caller.rest(LOAD_S * 2)
    return Timed(answer, time.monotonic() - began)


async def _scene(**headers: str) -> Seen:
    """Two callers stay as long as it takes, two leave after a second; one more comes when the load is over."""
    near, far = Rehearsal(NEAR), Rehearsal(FAR)
    async with near, far, running(calm("10s") + TO_CLOUD + engine(near) + cloud(far)) as home:
        staying = [asyncio.create_task(_ask(home, path, **headers)) for path in ROUTES]
        leaving = [await Caller.ask(home, path, chat(stream=True), **headers) for path in ROUTES]
        await near.wait_for_call(path="/api/generate")
        await asyncio.sleep(1.0)
        for caller in leaving:
            caller.leave()
        first = list(await asyncio.gather(*staying))
        await near.wait_for_load()
        await until(lambda: home.daemon.core.lanes[NAME].warm)
        return Seen(first, await _ask(home, ROUTES[0]), near.loads, inference(near))


def _in_time(seen: Seen) -> bool:
    overflown = [one.seconds for one in seen.first if one.told[0] != NAME]
    return max(overflown, default=0.0) < PATIENCE_S + 2.0 and seen.later.seconds < 2.0


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_load_of_25_seconds_ends_well_with_a_patience_of_ten() -> None:
    """Callers overflow, or wait where nobody else may be asked; the load outlives all; the next call is at home."""

    async def both() -> tuple[Seen, Seen]:
        return await asyncio.gather(_scene(), _scene(X_Hearth_Mode="offline"))

    free, private = held_once_of(3, lambda: asyncio.run(both()), lambda found: all(map(_in_time, found)))

    assert {one.told for one in free.first} == {("far/scripted", "busy")}
    assert max(one.seconds for one in free.first) < PATIENCE_S + 2.0
    assert {one.told for one in private.first} == {(NAME, "local")}
    assert min(one.seconds for one in private.first) >= LOAD_S * 0.9
    assert all(one.answer.finished for one in [*free.first, *private.first])
    for seen in (free, private):
        assert [load.killed for load in seen.loads] == [False]
        assert seen.later.told == (NAME, "local")
        assert seen.later.seconds < 2.0
    assert (free.asked, private.asked) == (1, 3)
