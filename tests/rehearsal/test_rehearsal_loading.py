"""The rehearsed engine loads, keeps, reloads and unloads models as a real Ollama does."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from end_to_end.callers import until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.rehearsal.script import CHAT
from rehearsal.raw_client import Answer, ask, chat, chat_body, connected, head

T = TypeVar("T")
SLOW = (ModelScript(name="scripted", load_seconds=0.15), ModelScript(name="other", load_seconds=0.15))


def play(act: Callable[[Rehearsal], Awaitable[T]], script: Script | None = None) -> T:
    async def run() -> T:
        async with Rehearsal(script) as rehearsal:
            result = await asyncio.wait_for(act(rehearsal), 40)
            assert not rehearsal.panics
            return result

    return asyncio.run(run())


async def loaded(rehearsal: Rehearsal) -> list[dict[str, Any]]:
    models: Any = (await ask(rehearsal, "/api/ps", method="GET")).objects()[0]["models"]
    return list(models)


def test_the_first_request_loads_and_the_second_finds_it_loaded() -> None:
    """One load, which the first answer's load_duration shows; /api/ps shows window and name."""

    async def act(rehearsal: Rehearsal) -> tuple[Any, Any, list[dict[str, Any]], int]:
        first, second = (await chat(rehearsal, stream=False)).objects(), (await chat(rehearsal, stream=False)).objects()
        return first[0]["load_duration"], second[0]["load_duration"], await loaded(rehearsal), len(rehearsal.loads)

    first, second, models, loads = play(act, Script(models=SLOW))

    assert first > 150_000_000 > second
    assert loads == 1
    assert [(model["name"], model["context_length"]) for model in models] == [("scripted:latest", 2048)]


def test_an_empty_prompt_loads_and_keep_alive_zero_unloads() -> None:
    """The two calls by which Hearth owns loading."""

    async def act(rehearsal: Rehearsal) -> list[Any]:
        body = {"model": "scripted", "keep_alive": "10m"}
        asked = (await ask(rehearsal, "/api/generate", body)).objects()[0]["done_reason"]
        before = len(await loaded(rehearsal))
        left = (await ask(rehearsal, "/api/generate", body | {"keep_alive": 0})).objects()[0]["done_reason"]
        return [asked, before, left, await loaded(rehearsal)]

    assert play(act) == ["load", 1, "unload", []]


def test_a_hang_up_during_the_load_kills_the_load() -> None:
    """The client leaves, nothing is loaded, and the next request begins again."""

    async def act(rehearsal: Rehearsal) -> tuple[list[tuple[bool, bool]], bool]:
        with rehearsal.engine.loads_held():
            async with connected(rehearsal) as (_, writer):
                writer.write(head("POST", "/api/generate", [], b'{"model": "scripted"}'))
                await until(lambda: rehearsal.loads)
            left = await rehearsal.wait_for_hangup(20)
        await chat(rehearsal)
        return [(load.killed, load.ended is None) for load in rehearsal.loads], left.hung_up_at is not None

    assert play(act, Script(models=SLOW)) == ([(True, True), (False, False)], True)


def test_loads_go_one_after_another() -> None:
    """Two models asked for at once never load at the same time."""

    async def act(rehearsal: Rehearsal) -> float:
        await asyncio.gather(chat(rehearsal), chat(rehearsal, model="other"))
        first, second = rehearsal.loads
        return (second.ended or 0.0) - (first.ended or 0.0)

    assert play(act, Script(models=SLOW)) >= 0.15


@pytest.mark.parametrize("changed", [{"options": {"num_ctx": 4096}}, {"shift": False}])
def test_changed_load_options_reload_the_model(changed: dict[str, Any]) -> None:
    """Another num_ctx or shift is a reload; the same again is none; temperature never is."""

    async def act(rehearsal: Rehearsal) -> list[int]:
        counts = []
        for body in ({}, {"options": {"temperature": 0}}, changed, changed, {}):
            await chat(rehearsal, **body)
            counts.append(rehearsal.reloads)
        return counts

    assert play(act) == [0, 0, 1, 1, 2]


def test_keep_alive_ends_the_life_of_a_model() -> None:
    """It is gone after its seconds, and negative means for ever."""

    async def act(rehearsal: Rehearsal) -> tuple[list[str], str]:
        await chat(rehearsal, keep_alive=0.05)
        await chat(rehearsal, model="thinker", keep_alive=-1)
        await asyncio.sleep(0.15)
        models = await loaded(rehearsal)
        return [model["name"] for model in models], models[0]["expires_at"]

    names, expiry = play(act)

    assert names == ["thinker:latest"]
    assert expiry > "2200"


def test_the_slot_makes_a_second_request_wait() -> None:
    """With one slot a model answers one request at a time, silently for the other."""
    model = ModelScript(name="scripted", tokens_per_second=100)

    async def act(rehearsal: Rehearsal) -> list[str]:
        seen: list[str] = []

        async def ask() -> None:
            async with connected(rehearsal) as (reader, writer):
                writer.write(head("POST", "/api/chat", [], json.dumps(chat_body()).encode()))
                await reader.readuntil(b'"done":false')
                seen.append("begins")
                await reader.readuntil(b'"done":true')
                seen.append("ends")

        await asyncio.gather(ask(), ask())
        return seen

    assert play(act, Script(models=(model,))) == ["begins", "ends"] * 2
    assert play(act, Script(models=(model,), parallel=2))[:2] == ["begins", "begins"]


def test_a_hang_up_frees_the_slot() -> None:
    """A client that leaves in mid-stream lets the next one begin."""
    model = ModelScript(name="scripted", tokens_per_second=50)

    async def act(rehearsal: Rehearsal) -> Answer:
        async with connected(rehearsal) as (reader, writer):
            writer.write(head("POST", "/api/chat", [], b'{"model":"scripted","messages":[{"content":"count"}]}'))
            await reader.readuntil(b"one")
        return await chat(rehearsal, "Say nothing.")

    assert play(act, Script(models=(model,))).status == 200


def test_a_prompt_beyond_the_window_is_cut_or_refused() -> None:
    """Truncated silently the count equals the window; with truncate false it is the recorded nested error."""
    long = "the day " * 300

    async def act(rehearsal: Rehearsal) -> tuple[Any, int, str]:
        body = {"model": "small", "prompt": long, "stream": False}
        cut = (await ask(rehearsal, "/api/generate", body)).objects()[0]
        refused = await ask(rehearsal, "/api/chat", chat_body(long, model="small", truncate=False, stream=False))
        return cut["prompt_eval_count"], refused.status, str(refused.objects()[0]["error"])

    count, status, error = play(act)

    assert count == 128
    assert status == 400
    assert '"type":"exceed_context_size_error"' in error


def test_a_full_queue_is_503() -> None:
    """More waiting loads than the engine allows get Ollama's own words."""
    models = tuple(ModelScript(name=f"m{number}", load_seconds=0.2, capabilities=CHAT) for number in range(4))

    async def act(rehearsal: Rehearsal) -> list[int]:
        with rehearsal.engine.loads_held():
            asked = [asyncio.ensure_future(chat(rehearsal, model=model.name)) for model in models]
            await until(lambda: sum(one.done() for one in asked) == 2)
        return sorted(answer.status for answer in await asyncio.gather(*asked))

    assert play(act, Script(models=models, max_queue=1)) == [200, 200, 503, 503]


def test_a_remote_model_says_so() -> None:
    """It is marked in the list and in each answer, and refused where the cloud is disabled."""
    model = ModelScript(name="innocent", remote_host="https://ollama.com:443", remote_model="gpt-oss:120b")

    async def act(rehearsal: Rehearsal) -> tuple[Any, Answer]:
        listed: Any = (await ask(rehearsal, "/api/tags", method="GET")).objects()[0]["models"]
        return listed[0], await chat(rehearsal, model="innocent", stream=False)

    entry, answer = play(act, Script(models=(model,)))
    _, refused = play(act, Script(models=(model,), cloud_disabled=True))

    assert entry["remote_host"] == answer.objects()[0]["remote_host"] == "https://ollama.com:443"
    assert refused.status == 403


def test_the_idle_model_gives_way_to_another() -> None:
    """No more models are loaded than the engine allows; the one that would go first goes."""

    async def act(rehearsal: Rehearsal) -> list[str]:
        await chat(rehearsal, keep_alive="10m")
        await chat(rehearsal, model="thinker", keep_alive="1m")
        await chat(rehearsal, model="plain")
        return sorted(model["name"] for model in await loaded(rehearsal))

    assert play(act, Script(max_loaded=2)) == ["plain:latest", "scripted:latest"]


def test_a_pull_that_is_left_installs_nothing() -> None:
    """It takes its scripted time, and leaving it is the end of it."""
    script = Script(registry=(ModelScript(name="big", size=4_000_000_000),), pull_seconds=0.2)

    async def act(rehearsal: Rehearsal) -> list[int]:
        async with connected(rehearsal) as (reader, writer):
            writer.write(head("POST", "/api/pull", [], b'{"model": "big"}'))
            await reader.readuntil(b'"completed"')
        await rehearsal.wait_for_hangup(20)
        before = (await chat(rehearsal, model="big")).status
        pulled = await ask(rehearsal, "/api/pull", {"model": "big"})
        return [before, len(pulled.objects()), (await chat(rehearsal, model="big")).status]

    assert play(act, script) == [404, 9, 200]
