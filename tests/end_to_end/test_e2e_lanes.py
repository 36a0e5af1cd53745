"""A local model's slots, its bounded queue and its one loader, as callers of both dialects meet them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from itertools import pairwise

import pytest

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine, inference, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.routing.catalog import Catalog
from hearth.routing.inventory import Inventory
from hearth_home import Home, running
from promised_times import held_once_of

ROUTES = ("/api/chat", "/v1/chat/completions")
NAME = "ollama/scripted:latest"
NAMED = "ollama/Scripted:latest"
ENDLESS = "count"
PACED = Script(models=(ModelScript(name="scripted", tokens_per_second=50.0),))
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted"),))
AFTER_LOAD_S = 2.5
"""Who waits for a load is answered so soon after its end, however long it took."""
TO_CLOUD = '[fallback]\ncloud = ["far/scripted"]\n'


async def _hold(home: Home, count: int = 1) -> list[Caller]:
    """Callers that hold slots of the model for as long as they like."""
    callers = [await Caller.ask(home, "/api/chat", chat(words=ENDLESS)) for _ in range(count)]
    for caller in callers:
        await caller.until(b"one,")
    return callers


def _waits(home: Home, count: int) -> bool:
    return _queued(home) == count


def _served(home: Home, count: int) -> bool:
    return home.daemon.core.calls.served >= count


def _queued(home: Home) -> int:
    return home.daemon.core.lanes[NAME].view().queued


def test_a_model_answers_as_many_callers_at_once_as_it_has_slots() -> None:
    """Two slots serve two callers together; the third waits, and is next."""

    async def scene() -> tuple[list[int], str]:
        two = '[providers.ollama.models."scripted"]\nslots = 2\n'
        near = Rehearsal(Script(models=PACED.models, parallel=2))
        async with near, running(calm() + engine(near, two)) as home:
            holders = await _hold(home, 2)
            third = await Caller.ask(home, "/v1/chat/completions", chat())
            await until(lambda: _queued(home) == 1)
            counts = [inference(near)]
            holders[0].leave()
            answer = await third.rest()
            counts.append(inference(near))
            holders[1].leave()
            return counts, answer.text

    assert asyncio.run(scene()) == ([2, 3], "Hello! I am a small test model.")


def test_other_capitals_are_the_same_lane_before_anything_is_listed() -> None:
    """Ollama takes names whatever their capitals: slots, queue and loads are one model's, also once it is listed."""

    async def scene() -> tuple[int, str, list[str]]:
        near = Rehearsal(Script(models=(ModelScript(name="Scripted"),)))
        async with near, running(calm() + engine(near)) as home:
            core = home.daemon.core
            unlisted = Catalog(core.generation.settings, Inventory())
            early = [unlisted.resolve(name, "chat").targets[0] for name in ("sCripted", "SCRIPTED", "scripted:latest")]
            lanes = {id(core.lanes.of(target)) for target in early}
            await call(home, "/api/chat", chat("scripted"))
            lane = core.lanes[NAMED]
            lanes.add(id(lane))
            return len(lanes), lane.name, [load.model for load in near.loads]

    assert asyncio.run(scene()) == (1, NAMED, ["Scripted:latest"])


@pytest.mark.parametrize("path", ROUTES)
def test_a_full_queue_refuses_one_more(path: str) -> None:
    """With everything local busy and no cloud allowed, one too many hears 503 in its dialect, and when to come back."""

    async def scene() -> tuple[Answer, int]:
        async with Rehearsal(PACED) as near, running(calm(patience="60s", queue=2) + engine(near)) as home:
            holders = await _hold(home)
            waiting = [await Caller.ask(home, "/api/chat", chat()) for _ in range(2)]
            await until(lambda: _queued(home) == 2)
            answer = await call(home, path, chat())
            for caller in [*holders, *waiting]:
                caller.leave()
            return answer, inference(near)

    answer, asked = asyncio.run(scene())

    assert answer.status in (429, 503)
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]
    assert asked == 1


def test_the_queue_is_first_come_first_served_and_shows_positions() -> None:
    """`hearth status` shows who waits at which place; places move up as callers are served or leave."""

    async def scene() -> tuple[list[int], list[int], Object]:
        async with Rehearsal(PACED) as near, running(calm(patience="60s") + engine(near)) as home:
            holders = await _hold(home)
            waiting = []
            for number in range(4):
                waiting.append(await Caller.ask(home, "/api/chat", chat(words=f"{ENDLESS} {number}")))
                await until(partial(_waits, home, number + 1))
            before = await admin(home, "/hearth/v1/status")
            waiting[0].leave()
            await until(lambda: _queued(home) == 3)
            after = await admin(home, "/hearth/v1/status")
            holders[0].leave()
            await waiting[1].until(b"one,")
            for caller in waiting[1:]:
                caller.leave()
            served = [one.json() for one in near.calls if b'"content"' in one.body][-1]
            return _places(before), _places(after), served

    before, after, served = asyncio.run(scene())

    assert before == [0, 1, 2, 3, 4]
    assert after == [0, 1, 2, 3]
    assert f"{ENDLESS} 1" in str(served["messages"])


def _places(status: Object) -> list[int]:
    return [one["position"] for one in status["calls"]]


def test_a_call_that_overflowed_is_not_shown_as_queued() -> None:
    """Whom patience took to the cloud does not wait in a local queue any more, and is shown where it is answered."""

    async def scene() -> Object:
        slow = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=20.0),))
        async with (
            Rehearsal(PACED) as near,
            Rehearsal(slow) as far,
            running(calm(patience="1200ms") + TO_CLOUD + engine(near) + cloud(far)) as home,
        ):
            for _ in range(4):
                await call(home, "/api/chat", chat("local/scripted"))
            holders = await _hold(home)
            overflowed = await Caller.ask(home, "/v1/chat/completions", chat(words=ENDLESS, stream=True))
            await overflowed.until(b"one,")
            assert b"X-Hearth-Reason: busy" in overflowed.seen
            shown = await admin(home, "/hearth/v1/status")
            for caller in [*holders, overflowed]:
                caller.leave()
            found: Object = shown["calls"][1]
            return found

    call_shown = asyncio.run(scene())

    assert (call_shown["phase"], call_shown["position"]) == ("answering", 0)
    assert call_shown["target"] == "far/scripted"


@pytest.mark.parametrize("queue", [0, 1, 32])
@pytest.mark.parametrize("busy", [False, True], ids=["one waits", "one is answered"])
def test_the_newest_keystroke_wins(busy: bool, queue: int) -> None:
    """Of an editor's completion requests only the newest is answered; the older ones are told so, in their dialect.

    A full queue is no reason to refuse the newest: it has the place of those it ends.
    """

    async def scene() -> tuple[list[Answer], Answer]:
        coder = ModelScript(name="coder", capabilities=("completion", "insert"))
        async with Rehearsal(Script(models=(coder,))) as near, running(calm("60s", queue) + engine(near)) as home:
            near.when(lambda request: b"def f" in request.body, Fault.stall(60.0) if busy else Fault.late_head(60.0))
            callers: list[Caller] = []
            superseded: list[Answer] = []
            for number in range(4):
                body = {"model": "coder", "prompt": f"def f{number}", "suffix": "\n", "stream": True}
                callers.append(await Caller.ask(home, "/api/generate", body, User_Agent="Editor/1"))
                await until(partial(_served, home, number + 1))
                if number:
                    superseded.append(await callers[number - 1].rest())
                elif busy:
                    await callers[0].until(b'"response"')
            near.pauses.end()
            return superseded, await callers[-1].rest()

    superseded, newest = asyncio.run(scene())

    assert newest.finished
    assert all("error" in one.last for one in superseded)
    assert not any(one.finished for one in superseded)


def test_chats_are_never_superseded() -> None:
    """Newest-wins is for autocompletion: two chats of one program are both answered."""

    async def scene() -> list[Answer]:
        async with Rehearsal() as near, running(calm(patience="60s") + engine(near)) as home:
            return await asyncio.gather(*(call(home, "/api/chat", chat(), User_Agent="Editor/1") for _ in range(5)))

    assert all(one.finished for one in asyncio.run(scene()))


def test_an_engine_loads_one_model_at_a_time() -> None:
    """Two models asked for together are loaded one after the other, and both callers are answered."""

    async def scene() -> tuple[list[tuple[float, float]], list[Answer]]:
        models = tuple(ModelScript(name=name, load_seconds=0.3) for name in ("one", "two", "three"))
        async with Rehearsal(Script(models=models)) as near, running(calm() + engine(near)) as home:
            answers = await asyncio.gather(*(call(home, "/api/chat", chat(one.name)) for one in models))
            empty = [one for one in near.calls if one.path == "/api/generate"]
            return [(one.received_at, one.finished_at or 0.0) for one in empty], answers

    spans, answers = asyncio.run(scene())

    assert all(one.finished for one in answers)
    assert len(spans) == 3
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_slow_load_completes_although_every_caller_went_elsewhere() -> None:
    """A model that loads for longer than `patience`: the first callers overflow, the next is answered at home."""

    async def scene() -> tuple[list[Answer], list[bool], Answer, int]:
        async with (
            Rehearsal() as near,
            Rehearsal(CLOUD) as far,
            running(calm(patience="1s") + TO_CLOUD + engine(near) + cloud(far)) as home,
        ):
            with near.engine.loads_held():
                first = await asyncio.gather(*(call(home, path, chat()) for path in ROUTES for _ in range(3)))
            await near.wait_for_load()
            await until(lambda: home.daemon.core.lanes[NAME].warm)
            later = await call(home, "/api/chat", chat())
            return first, [load.killed for load in near.loads], later, inference(near)

    first, killed, later, asked = asyncio.run(scene())

    assert {one.headers["x-hearth-target"] for one in first} == {"far/scripted"}
    assert {one.headers["x-hearth-reason"] for one in first} == {"busy"}
    assert killed == [False]
    assert (later.headers["x-hearth-target"], later.headers["x-hearth-reason"]) == (NAME, "local")
    assert asked == 1


def test_a_slow_load_is_waited_for_where_nobody_else_may_be_asked() -> None:
    """In mode offline the same callers wait for the load, however long `patience` is, and are answered at home."""

    async def scene() -> tuple[list[Answer], float]:
        async with Rehearsal() as near, Rehearsal(CLOUD) as far:
            config = 'mode = "offline"\n' + calm(patience="1s") + TO_CLOUD + engine(near) + cloud(far)
            async with running(config) as home:
                with near.engine.loads_held():
                    callers = [await Caller.ask(home, path, chat()) for path in ROUTES]
                    await near.wait_for_call(path="/api/generate")
                    await asyncio.sleep(2.0)
                    assert len(home.daemon.core.calls) == len(callers)
                loaded = time.monotonic()
                answers = [await caller.rest() for caller in callers]
                assert not far.calls
                return answers, time.monotonic() - loaded

    answers, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] < AFTER_LOAD_S)

    assert all(one.finished for one in answers)
    assert {one.headers["x-hearth-target"] for one in answers} == {NAME}
    assert seconds < AFTER_LOAD_S


def test_a_load_that_fails_is_told_to_all_who_wait() -> None:
    """An engine that cannot load a model answers nobody: each waiting caller hears it, and the next one tries again."""

    async def scene() -> tuple[list[Answer], Answer, int, list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            core = home.daemon.core
            near.next(Fault.refuse(500) | Fault.late_head(60.0), path="/api/generate")
            callers = [await Caller.ask(home, path, chat()) for path in ROUTES for _ in range(3)]
            await until(lambda: core.lanes[NAME].view().queued == len(callers))
            near.pauses.end()
            failed = [await caller.rest() for caller in callers]
            told = [str(event.facts["model"]) for event in core.events.recent if event.kind == "load_failed"]
            return failed, await call(home, "/api/chat", chat()), core.health.errors[NAME]["provider_error"], told

    failed, later, counted, told = asyncio.run(scene())

    assert {one.status for one in failed} == {502}
    assert later.finished
    assert (counted, told) == (1, [NAME])
