"""Whose loads are: a model let go, pinned anew, or loaded by somebody else, is loaded by its lane, not by a call."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from end_to_end.callers import Answer, Caller, call, calm, chat, engine, until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.server.lanes import MOST
from hearth_home import running

ROUTES = ("/api/chat", "/v1/chat/completions")
NAME = "ollama/scripted:latest"
PINNED = "[providers.ollama.models.scripted]\nnum_ctx = 4096"
ROOMY = Script(models=(ModelScript(name="scripted", context_length=32_768, load_seconds=0.3),))


@pytest.mark.parametrize("keep_alive", ["0", "0s", "1ms"])
@pytest.mark.parametrize("path", ROUTES)
def test_a_model_that_is_to_be_let_go_at_once_still_answers(path: str, keep_alive: str) -> None:
    """`keep_alive = "0"`: the load is held for its callers, and their calls end it; an empty request with it would not.

    Those who wait together share one load, and each later call is answered by a load of its own.
    """
    pin = f'[providers.ollama.models.scripted]\nkeep_alive = "{keep_alive}"\nslots = 2'

    async def scene() -> tuple[list[Answer], list[bytes]]:
        async with Rehearsal() as near, running(calm() + engine(near, pin)) as home:
            answers = list(await asyncio.gather(call(home, path, chat()), call(home, path, chat())))
            await until(lambda: not home.daemon.core.lanes[NAME].warm)
            answers.append(await call(home, path, chat()))
            await until(lambda: not home.daemon.core.lanes[NAME].warm)
            await until(lambda: not near.engine.loaded())
            last = [one.body for one in near.calls if one.path == "/api/chat"]
            return answers, last

    answers, bodies = asyncio.run(scene())

    assert all(one.finished for one in answers)
    assert all(f'"keep_alive":"{keep_alive}"'.encode() in body for body in bodies)


def test_a_caller_that_lets_a_model_go_is_believed() -> None:
    """`keep_alive: 0` with a prompt, unpinned: the next call's load is the lane's own again, which outlives callers."""

    async def scene() -> tuple[Answer, list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat(keep_alive=0, stream=False))
            await until(lambda: not home.daemon.core.lanes[NAME].warm)
            before = len(near.calls)
            later = await call(home, "/api/chat", chat(stream=False))
            return later, [one.path for one in near.calls[before:] if one.method == "POST"]

    later, asked = asyncio.run(scene())

    assert later.finished
    assert asked == ["/api/generate", "/api/chat"]


def test_a_model_that_somebody_else_loaded_with_another_window_is_loaded_by_its_lane() -> None:
    """Pain 2: the pinned window means another load, which is the lane's own: who calls meanwhile may leave."""

    async def scene() -> tuple[Answer, list[str], list[int]]:
        async with Rehearsal(ROOMY) as near:
            async with httpx.AsyncClient(base_url=near.url, timeout=20) as other:
                await other.post("/api/generate", json={"model": "scripted", "options": {"num_ctx": 2048}})
            before = len(near.calls)
            async with running(calm() + engine(near, PINNED)) as home:
                with near.engine.loads_held():
                    first = await Caller.ask(home, "/api/chat", chat(stream=False))
                    await until(lambda: len(near.loads) == 2)
                    first.leave()
                    await until(lambda: not len(home.daemon.core.calls))
                await near.wait_for_load(2)
                later = await call(home, "/api/chat", chat(stream=False))
                asked = [one.path for one in near.calls[before:] if one.body and b'"messages"' in one.body]
                return later, asked, [load.num_ctx for load in near.loads if not load.killed]

    later, chats, windows = asyncio.run(scene())

    assert later.finished
    assert chats == ["/api/chat"]
    assert windows == [2048, 4096]


def test_a_pin_that_is_edited_is_loaded_by_its_lane() -> None:
    """The next call finds the model cold, and waits for the lane's own load with the new window."""

    async def scene() -> tuple[Answer, list[str]]:
        async with Rehearsal(ROOMY) as near, running(calm() + engine(near, PINNED)) as home:
            await call(home, "/api/chat", chat(stream=False))
            file = home.folder / "hearth.toml"
            file.write_text(file.read_text(encoding="utf-8").replace("4096", "8192"), encoding="utf-8")
            await until(lambda: home.daemon.core.catalog.targets[NAME].pins.num_ctx == 8192)
            before = len(near.calls)
            later = await call(home, "/api/chat", chat(stream=False))
            return later, [one.path for one in near.calls[before:] if one.method == "POST" and "show" not in one.path]

    later, asked = asyncio.run(scene())

    assert later.finished
    assert asked == ["/api/generate", "/api/chat"]


def test_names_that_mean_nothing_take_no_room() -> None:
    """A client may ask for ever new names while an engine is down; the models that are there keep their lanes."""

    async def scene() -> tuple[int, bool]:
        async with Rehearsal(ROOMY) as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            core = home.daemon.core
            own = core.lanes[NAME]
            for number in range(3 * MOST):
                assert core.lanes.of(core.catalog.resolve(f"ollama/no-such-{number}", "chat").targets[0]) is not None
            return len(core.lanes), core.lanes[NAME] is own

    lanes, kept = asyncio.run(scene())

    assert lanes <= MOST
    assert kept


def test_who_failed_and_what_to_do_are_two_sentences() -> None:
    """A provider's words may lack their full stop; the next step does not run into them."""

    async def scene() -> str:
        async with Rehearsal(ROOMY) as near, running(calm() + engine(near)) as home:
            answer = await call(home, "/api/chat", chat("ollama/scriptet"))
            return str(answer.json()["error"])

    assert asyncio.run(scene()).endswith("""not found. Did you mean "ollama/scripted:latest"?""")
