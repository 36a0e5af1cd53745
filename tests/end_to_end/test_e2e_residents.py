"""Programs that want different models in turn, at an engine that holds one: few loads, and everybody's turn comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine, until
from hearth.outbound.residents import Pair
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import Home, make, running, started
from promised_times import held_once_of

LOAD_S = 0.3
CALLS = 20
NAMES = ("one", "two", "three")
MODELS = tuple(ModelScript(name=name, load_seconds=LOAD_S) for name in NAMES)
NARROW = Script(models=MODELS, max_loaded=1)
"""An engine with room for one of them."""
ROOMY = Script(models=MODELS, max_loaded=3)
CLOUD = Script(kind="openai", models=(ModelScript(name="far-away"),))


def _busy(stay: str, patience: str = "60s") -> str:
    return calm(patience).rstrip() + f'\nstay = "{stay}"\n'


async def _agent(home: Home, model: str, calls: int = CALLS, pause: float = 0.0) -> float:
    """Call a model so many times, one call after the other; returns the longest that one of them took."""
    longest = 0.0
    for _ in range(calls):
        since = monotonic()
        answer = await call(home, "/api/chat", chat(model))
        assert answer.status == 200, answer.body
        longest = max(longest, monotonic() - since)
        await asyncio.sleep(pause)
    return longest


@asynccontextmanager
async def _using(home: Home, model: str) -> AsyncIterator[None]:
    """Let an agent call a model again and again meanwhile."""
    going = True

    async def use() -> None:
        while going:
            await _agent(home, model, 1)

    using = asyncio.create_task(use())
    await until(lambda: home.daemon.core.lanes[f"ollama/{model}:latest"].in_flight)
    try:
        yield
    finally:
        going = False
        await using


def _agents(
    models: tuple[str, ...], script: Script, stay: str, *, calls: int = CALLS, pause: float = 0.0
) -> tuple[list[str], list[float]]:
    """Let an agent a model call at the same time; returns the loads of the engine, and each one's longest wait."""

    async def scene() -> tuple[list[str], list[float]]:
        async with Rehearsal(script) as near, running(_busy(stay) + engine(near)) as home:
            waits = await asyncio.gather(*(_agent(home, model, calls, pause) for model in models))
            return [load.model for load in near.loads], waits

    return asyncio.run(scene())


def test_two_agents_that_call_in_turn_do_not_swap_models_at_each_call() -> None:
    """Pain 5: all that one of them wants goes before the other's model is loaded, for as long as `stay`."""
    few = 2 * CALLS / 5
    loads, waits = held_once_of(
        3,
        lambda: _agents(("one", "two"), NARROW, stay="20s"),
        lambda found: len(found[0]) <= few and max(found[1]) < 10.0,
    )

    assert len(loads) <= few, loads
    assert max(waits) < 10.0


def test_nobody_starves() -> None:
    """Three agents that never pause all come to their turn: nobody keeps the place for longer than `stay`."""
    loads, waits = held_once_of(
        3, lambda: _agents(NAMES, NARROW, stay="0.5s", calls=6, pause=0.1), lambda found: max(found[1]) < 8.0
    )

    assert set(loads) == {f"{name}:latest" for name in NAMES}
    assert max(waits) < 8.0


def test_models_that_fit_together_never_wait_for_each_other() -> None:
    """An engine that holds them all loads each of them once, and nothing is held back."""
    loads, _ = _agents(NAMES, ROOMY, stay="20s")

    assert sorted(loads) == sorted(f"{name}:latest" for name in NAMES)


def test_one_agent_that_uses_two_models_in_turn_waits_little() -> None:
    """A model that nobody uses any more keeps its place no longer than its load took."""

    async def scene() -> float:
        async with Rehearsal(NARROW) as near, running(_busy("20s") + engine(near)) as home:
            since = monotonic()
            for _ in range(4):
                await _agent(home, "one", 1)
                await _agent(home, "two", 1)
            return monotonic() - since

    most_s = 8 * (2 * LOAD_S + 0.5)
    assert held_once_of(3, lambda: asyncio.run(scene()), lambda seconds: seconds < most_s) < most_s


def test_calls_under_way_are_not_cut_for_another_model() -> None:
    """A model whose time is over finishes what it has begun; only then the next one is loaded."""

    async def scene() -> tuple[list[Answer], list[str]]:
        slow = (ModelScript(name="one", load_seconds=LOAD_S, tokens_per_second=20.0), MODELS[1])
        async with Rehearsal(Script(models=slow, max_loaded=1)) as near, running(_busy("0.1s") + engine(near)) as home:
            await _agent(home, "one", 1)
            await _agent(home, "two", 1)
            answers = await asyncio.gather(
                *(call(home, "/api/chat", chat(model, stream=True)) for _ in range(2) for model in ("one", "two"))
            )
            return answers, [load.model for load in near.loads]

    answers, loads = asyncio.run(scene())

    assert [answer.finished for answer in answers] == [True] * 4
    assert len(loads) <= 4


async def _taught(home: Home) -> None:
    """Let the daemon see that the engine has no room for "one" beside "two"; "two" is loaded then."""
    await _agent(home, "one", 1)
    await _agent(home, "two", 1)
    await until(lambda: not home.daemon.core.lanes["ollama/one:latest"].warm)


def test_a_call_that_would_wait_too_long_for_its_turn_goes_elsewhere_and_says_why() -> None:
    """Another model keeps its place for longer than patience: busy, and `hearth why` names who is in the way."""

    async def scene() -> tuple[Answer, str, int]:
        fallback = '[fallback]\ncloud = ["far/far-away"]\n'
        paced = tuple(ModelScript(name=name, load_seconds=LOAD_S, tokens_per_second=50.0) for name in NAMES)
        async with Rehearsal(Script(models=paced, max_loaded=1)) as near, Rehearsal(CLOUD) as far:
            config = _busy("60s", patience="2s") + fallback + engine(near) + cloud(far)
            async with running(config) as home:
                await _taught(home)
                holder = await Caller.ask(home, "/api/chat", chat("two", words="count"))
                await holder.until(b"one,")
                answer = await call(home, "/api/chat", chat("one"))
                holder.leave()
                told = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
                return answer, str(told), len([load for load in near.loads if load.model == "one:latest"])

    answer, told, loads = asyncio.run(scene())

    assert answer.status == 200, answer.body
    assert answer.headers["x-hearth-target"] == "far/far-away"
    assert answer.headers["x-hearth-reason"] == "busy"
    assert "ollama/two:latest keeps its place in memory for about" in told
    assert loads == 1


def test_status_says_who_waits_for_whose_place_and_why_says_it_afterwards() -> None:
    """The model that is loaded shows for how long it stays, and who wants its place; the call that waited says so."""

    async def scene() -> tuple[Object, str]:
        async with Rehearsal(NARROW) as near, running(_busy("4s") + engine(near)) as home:
            await _taught(home)
            async with _using(home, "two"):
                waiting = asyncio.create_task(call(home, "/api/chat", chat("one")))
                await until(lambda: home.daemon.core.lanes["ollama/one:latest"].view().queued)
                status = await admin(home, "/hearth/v1/status")
                answer = await waiting
            told = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
            return status, str(told["attempts"])

    status, told = asyncio.run(scene())

    loaded = {one["name"]: one for one in status["loaded"]}
    assert loaded["ollama/two:latest"]["wanted_by"] == ["ollama/one:latest"]
    assert 0 < loaded["ollama/two:latest"]["stays_s"] <= 4
    assert "while ollama/two:latest kept its place" in told


def test_with_a_stay_of_nothing_nobody_waits() -> None:
    """`stay = "0s"` leaves it all to the engine."""
    loads, _ = _agents(("one", "two"), NARROW, stay="0s", calls=4)

    assert len(loads) >= 4


def test_a_waiting_caller_that_leaves_is_in_nobodys_way() -> None:
    """The model it wanted may still be loaded in its turn; the engine asks nobody's prompt for it."""

    async def scene() -> tuple[int, Answer]:
        async with Rehearsal(NARROW) as near, running(_busy("4s") + engine(near)) as home:
            await _taught(home)
            async with _using(home, "two"):
                lane = home.daemon.core.lanes["ollama/one:latest"]
                gone = await Caller.ask(home, "/api/chat", chat("one", words="who has gone"))
                await until(lambda: lane.view().queued)
                gone.leave()
                await until(lambda: not lane.view().queued)
            answer = await call(home, "/api/chat", chat("two"))
            return sum(b"who has gone" in one.body for one in near.calls), answer

    asked, answer = asyncio.run(scene())

    assert asked == 0
    assert answer.status == 200


def test_what_an_engine_cannot_hold_together_is_known_after_a_restart(tmp_path: Path) -> None:
    """The first calls after a start swap no models at each call either; a machine with more room unlearns it."""

    async def scene() -> tuple[list[Pair], list[str], list[Pair]]:
        async with Rehearsal(NARROW) as near:
            config = _busy("20s") + engine(near)
            async with started(make(tmp_path, config)) as home:
                await _taught(home)
            async with started(make(tmp_path, config)) as home:
                lanes = home.daemon.core.lanes
                await until(lambda: list(lanes.apart()))
                known, before = list(lanes.apart()), len(near.loads)
                await asyncio.gather(*(_agent(home, model, 5) for model in ("one", "two")))
                loads = [load.model for load in near.loads[before:]]
                near.rescript(max_loaded=3)
                await _agent(home, "one", 1)
                await _agent(home, "two", 1)
                await until(lambda: not list(lanes.apart()))
                return known, loads, list(lanes.apart())

    known, loads, after = asyncio.run(scene())

    assert [pair[:2] for pair in known] == [("ollama/one:latest", "ollama/two:latest")]
    assert len(loads) <= 3, loads
    assert after == []


def test_autocompletions_leave_a_model_its_place_while_a_chat_is_likely_to_go_on() -> None:
    """Pain 5: they go to whoever else can answer them and say why; the chat goes on without a load."""

    async def scene() -> tuple[Answer, str, Answer, int]:
        models = tuple(
            ModelScript(name=name, load_seconds=LOAD_S, capabilities=("completion", "insert"))
            for name in ("talk", "type", "small")
        )
        typed = '[models.typed]\nuse = ["ollama/type", "other/small"]\n'
        async with Rehearsal(Script(models=models, max_loaded=1)) as near, Rehearsal(Script(models=models)) as other:
            second = f'[providers.other]\npreset = "ollama"\naddress = "{other.url}"\n'
            async with running(_busy("0.1s", "2s") + typed + engine(near) + second) as home:
                for name in ("talk", "type", "talk"):
                    await _agent(home, name, 1)
                await asyncio.sleep(2 * LOAD_S)
                before = len(near.loads)
                body = {"model": "typed", "prompt": "def f(", "suffix": "return 1", "stream": False}
                answer = await call(home, "/api/generate", body)
                told = str(await admin(home, "/hearth/v1/calls/last"))
                going_on = await call(home, "/api/chat", chat("talk"))
                return answer, told, going_on, len(near.loads) - before

    answer, told, going_on, loads = asyncio.run(scene())

    assert answer.status == 200, answer.body
    assert answer.headers["x-hearth-target"] == "other/small:latest"
    assert answer.headers["x-hearth-reason"] == "busy"
    assert "a chat is likely to go on, so ollama/talk:latest keeps its place in memory" in told
    assert going_on.status == 200
    assert loads == 0
