"""Strategies, tasks and stickiness through a running daemon: who answers, what the reply and `why` say about it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import pytest

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine, inference, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running
from promised_times import held_once_of

FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
THREE = ("a", "b", "c")
ROUTE = "/v1/chat/completions"
TARGET, REASON = "x-hearth-target", "x-hearth-reason"


def priced(dollars: float) -> str:
    return f"price = {{ input_per_million = {dollars}, output_per_million = {dollars} }}"


@asynccontextmanager
async def three(strategy: str, more: str = "", **own: str) -> AsyncIterator[tuple[Home, list[Rehearsal]]]:
    """Run a daemon with an alias `all` of three providers in the cloud; `own` holds what stands in one's table."""
    async with AsyncExitStack() as stack:
        providers = [await stack.enter_async_context(Rehearsal(FAR)) for _ in THREE]
        use = ", ".join(f'"{name}/scripted"' for name in THREE)
        tables = "".join(cloud(one, name, own.get(name, "")) for name, one in zip(THREE, providers, strict=True))
        alias = f'[models.all]\nuse = [{use}]\nstrategy = "{strategy}"\n{more}\n'
        config = f'mode = "any"\n{calm()}[retry]\nbackoff = "20ms"\n{alias}{tables}'
        yield await stack.enter_async_context(running(config)), providers


def talk(first: str, *more: str, model: str = "all") -> Object:
    """A conversation that began with `first`; what follows alternates."""
    roles = ("assistant", "user")
    turns = [{"role": roles[place % 2], "content": words} for place, words in enumerate(more)]
    return {"model": model, "messages": [{"role": "user", "content": first}, *turns]}


async def why(home: Home, answer: Answer) -> Object:
    """What the daemon tells of a call."""
    told: Object = await admin(home, f"/hearth/v1/calls/{answer.headers['x-hearth-id']}")
    return told


async def asked(home: Home, bodies: list[Object]) -> list[tuple[str, str]]:
    """Ask one after the other; returns for each who answered, and why."""
    answers = [await call(home, ROUTE, body) for body in bodies]
    assert all(answer.status == 200 for answer in answers)
    return [(answer.headers[TARGET].partition("/")[0], answer.headers[REASON]) for answer in answers]


def fresh(count: int) -> list[Object]:
    """Calls that each begin a conversation of its own."""
    return [talk(f"hello number {number}") for number in range(count)]


def test_the_cheapest_answers_and_the_figures_stand_in_why() -> None:
    """The order goes by the expected cost; one without a price comes last, and `why` says what each would cost."""

    async def scene() -> tuple[list[tuple[str, str]], Object]:
        async with three("cheapest", a=priced(3), b=priced(2)) as (home, _):
            first = await call(home, ROUTE, talk("hello"))
            return await asked(home, fresh(2)), await why(home, first)

    found, told = asyncio.run(scene())

    assert found == [("b", "cheapest")] * 2
    order = [(one["target"], one["figure"]) for one in told["plan"]["targets"]]
    assert [name for name, _ in order] == ["b/scripted", "a/scripted", "c/scripted"]
    assert "would cost about 0.001" in order[0][1]
    assert order[2][1] == "its price is not known"


def keyed(own: str, other: str = "") -> str:
    """Two keys, each with a price of its own."""
    rows = (f'{{ id = "{place}", value = "sk-{place}", {one} }}' for place, one in enumerate((own, other)) if one)
    return f"keys = [{', '.join(rows)}]"


def test_the_cheapest_counts_with_the_keys_that_may_be_used() -> None:
    """A provider whose cheap key was refused is as dear as its other one."""

    async def scene() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        two = keyed(priced(1), priced(9))
        async with three("cheapest", a=priced(6), b=two, c=priced(8)) as (home, providers):
            before = await asked(home, fresh(1))
            providers[1].when(lambda request: request.header("authorization") == "Bearer sk-0", Fault.refuse(401))
            await asked(home, [talk("hello", model="b/scripted")] * 2)
            return before, await asked(home, [talk("something else")])

    before, after = asyncio.run(scene())

    assert before == [("b", "cheapest")]
    assert after == [("a", "cheapest")]


def test_the_fastest_is_learned_from_what_calls_took() -> None:
    """Whoever has not been asked is expected to be of usual speed; then what was measured decides."""

    async def scene() -> list[tuple[str, str]]:
        async with three("fastest") as (home, providers):
            providers[0].next(Fault.late_token(0.3), times=-1)
            providers[1].next(Fault.late_token(0.3), times=-1)
            for name in THREE:
                streamed = {**talk("hello", model=f"{name}/scripted"), "stream": True}
                for _ in range(2):
                    assert (await call(home, ROUTE, streamed)).status == 200
                    await asyncio.sleep(0.06)
            return await asked(home, fresh(3))

    fastest = [("c", "fastest")] * 3
    assert held_once_of(3, lambda: asyncio.run(scene()), lambda found: found == fastest) == fastest


def test_turns_are_taken() -> None:
    """round_robin begins with another one each time; the next one stands behind it should it fail."""

    async def scene() -> tuple[list[tuple[str, str]], list[str]]:
        async with three("round_robin") as (home, providers):
            found = await asked(home, fresh(6))
            providers[0].next(Fault.refuse(500), times=-1)
            answers = [await call(home, ROUTE, body) for body in fresh(3)]
            return found, [answer.headers[TARGET] for answer in answers]

    found, failing = asyncio.run(scene())

    assert [name for name, _ in found] == [*THREE, *THREE]
    assert {reason for _, reason in found} == {"round_robin"}
    assert failing[0] == "b/scripted"


def test_weights_are_shares_of_the_calls() -> None:
    """Three to one, and none for who has 0 unless the others fail."""

    async def scene() -> Counter[str]:
        async with three("weighted", "weights = [3, 1, 0]") as (home, _):
            return Counter(name for name, _ in await asked(home, fresh(40)))

    found = asyncio.run(scene())

    assert set(found) == {"a", "b"}
    assert abs(found["a"] - 30) <= 2


def _under_way(providers: list[Rehearsal], count: int) -> bool:
    return sum(map(inference, providers)) == count


def test_the_least_busy_gets_the_next_call() -> None:
    """Calls under way count for every target, in the cloud too."""

    async def scene() -> tuple[int, ...]:
        async with three("least_busy") as (home, providers):
            for one in providers:
                one.next(Fault.late_head(60.0), times=-1)
            callers = []
            for number, body in enumerate(fresh(9), 1):
                callers.append(await Caller.ask(home, ROUTE, body))
                await until(partial(_under_way, providers, number))
            for one in providers:
                one.pauses.end()
            assert all([(await caller.rest()).status == 200 for caller in callers])
            return tuple(map(inference, providers))

    assert asyncio.run(scene()) == (3, 3, 3)


def test_a_conversation_stays_where_it_was_and_leaves_on_failure() -> None:
    """Pain 45: its prompt cache holds although turns are taken; when its target fails, the next one keeps it."""

    async def scene() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        async with three("round_robin") as (home, providers):
            words = ["hello"]
            before = []
            for number in range(4):
                before += await asked(home, [talk(*words)])
                words += ["hi", f"go on {number}"]
            first = THREE.index(before[0][0])
            providers[first].next(Fault.refuse(500), times=1)
            after = await asked(home, [talk(*words)])
            words += ["yes", "and now?"]
            return before, after + await asked(home, [talk(*words)])

    before, after = asyncio.run(scene())

    assert [name for name, _ in before] == ["a"] * 4
    assert [reason for _, reason in before] == ["round_robin", "sticky", "sticky", "sticky"]
    assert after[0] == ("b", "down") or after[0][0] in {"b", "c"}
    assert after[1] == (after[0][0], "sticky")


def test_explaining_takes_no_turn() -> None:
    """`hearth explain` asks who would answer: that changes nothing for the next call."""

    async def scene() -> list[str]:
        async with three("round_robin") as (home, _):
            for _ in range(2):
                await admin(home, "/hearth/v1/explain", "POST", {"model": "all"})
            return [name for name, _ in await asked(home, fresh(2))]

    assert asyncio.run(scene()) == ["a", "b"]


HOME_MODELS = tuple(
    ModelScript(name=name, capabilities=("completion", "tools", "vision")) for name in ("talker", "coder", "seer")
)
TASKS = '[tasks]\nchat = "talker"\ncode = "coder"\nimages = "seer"\ntools = "coder"\nlong_context_from = 1000\n'
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
LOOK_UP = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
SEEN = [
    {"type": "text", "text": "what is it?"},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
]


@pytest.mark.parametrize(
    ("body", "target", "task", "rule"),
    [
        ({"messages": [{"role": "user", "content": "how are you?"}]}, "talker", "chat", "no rule of [tasks] holds"),
        (
            {"messages": [{"role": "user", "content": "My SECRET function fails"}]},
            "coder",
            "code",
            'its last message has "function", one of code_words',
        ),
        ({"messages": [{"role": "user", "content": SEEN}]}, "seer", "images", "it shows a picture"),
        (
            {"messages": [{"role": "user", "content": "look it up"}], "tools": [LOOK_UP]},
            "coder",
            "tools",
            "it brings tools",
        ),
    ],
    ids=["chat", "code", "images", "tools"],
)
def test_a_request_without_a_model_goes_by_what_it_is(body: Object, target: str, task: str, rule: str) -> None:
    """The rule that decided stands in the log, and nothing that was said."""

    async def scene() -> tuple[Answer, Object]:
        async with Rehearsal(Script(models=HOME_MODELS)) as near, running(calm() + TASKS + engine(near)) as home:
            answer = await call(home, ROUTE, {"model": "default", **body})
            return answer, await why(home, answer)

    answer, told = asyncio.run(scene())

    assert answer.status == 200
    assert answer.headers[TARGET] == f"ollama/{target}:latest"
    assert told["call"]["task"] == task
    assert told["plan"]["sorted_by"] == rule
    assert "SECRET" not in str(told)


def test_a_model_asked_for_by_its_own_name_is_never_sorted() -> None:
    """Who names a model gets it, and the plain road costs nothing."""

    async def scene() -> Object:
        async with Rehearsal(Script(models=HOME_MODELS)) as near, running(calm() + TASKS + engine(near)) as home:
            answer = await call(home, ROUTE, chat("talker", "fix this function"))
            assert answer.headers[TARGET] == "ollama/talker:latest"
            return await why(home, answer)

    told = asyncio.run(scene())

    assert told["call"]["task"] == "chat"
    assert told.get("plan") is None


def test_an_alias_with_tasks_is_sorted_too() -> None:
    """One name for all: code goes to the coder, the rest to the alias's own models."""
    alias = '[models.auto]\nuse = ["ollama/talker"]\ntasks = { code = ["ollama/coder"] }\n'

    async def scene() -> list[str]:
        async with Rehearsal(Script(models=HOME_MODELS)) as near, running(calm() + alias + engine(near)) as home:
            bodies: list[Any] = [chat("auto", "refactor it"), chat("auto", "hello")]
            return [(await call(home, ROUTE, body)).headers[TARGET] for body in bodies]

    assert asyncio.run(scene()) == ["ollama/coder:latest", "ollama/talker:latest"]
