"""Where a loaded model lies, as its engine reports it: told when it does not fit, and when the GPU is gone."""

from __future__ import annotations

import asyncio

from end_to_end.callers import admin, call, calm, chat, engine
from hearth.cli.status_view import facts
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.server.control.snapshot import status
from hearth_home import Home, running

NAME = "ollama/scripted:latest"
SIZE = 4_000_000


def _on(vram: int) -> tuple[ModelScript, ...]:
    return (ModelScript(name="scripted", size=SIZE, vram=vram),)


async def _loaded_anew(home: Home) -> str:
    """Load the model again, ask its engine what it has, and return what a person is told of it."""
    await call(home, "/api/chat", {"model": "scripted", "messages": [], "keep_alive": 0})
    assert (await call(home, "/api/chat", chat())).finished
    await asyncio.sleep(0.05)
    await home.daemon.inventory.refresh("ollama")
    models = (await admin(home, "/hearth/v1/models"))["models"]
    return next(str(one["note"]) for one in models if one["name"] == NAME)


def test_a_model_that_has_lost_the_gpu_is_told_of() -> None:
    """Pain 8: after a sleep all works, at the processor's pace: an event for tray and log, a note until it is back."""

    async def act() -> tuple[list[str], list[object]]:
        async with Rehearsal(Script(models=_on(SIZE))) as near, running(calm() + engine(near)) as home:
            notes = [await _loaded_anew(home)]
            for vram in (0, 0, SIZE):
                near.rescript(models=_on(vram))
                notes.append(await _loaded_anew(home))
            events = home.daemon.core.events.recent
            return notes, [one.facts["target"] for one in events if one.kind == "gpu_lost"]

    notes, told = asyncio.run(act())

    lost = "was on the GPU and is not any more, as after a sleep: restart its engine"
    assert [note == lost for note in notes] == [False, True, True, False]
    assert told == [NAME]


def test_a_model_that_does_not_fit_on_the_gpu_is_told_of_with_what_to_do() -> None:
    """Pain 3: a larger window pushes a part of the model out; the note says how much is in, and which window to try."""

    async def act() -> list[str]:
        pinned = '[providers.ollama.models."scripted"]\nnum_ctx = 8192\n'
        script = Script(models=_on(SIZE * 6 // 10))
        async with Rehearsal(script) as near, running(calm() + engine(near, pinned)) as home:
            notes = [await _loaded_anew(home)]
            near.rescript(models=_on(SIZE))
            return [*notes, await _loaded_anew(home)]

    notes = asyncio.run(act())

    assert notes == ["only 60% of it fits on the GPU, which is slow; a smaller num_ctx takes less (try 4096)", ""]


def test_a_machine_without_a_gpu_hears_nothing_of_it() -> None:
    """Pain 8's other half: what never was on a GPU has not lost it."""

    async def act() -> tuple[str, list[str]]:
        async with Rehearsal(Script(models=_on(0))) as near, running(calm() + engine(near)) as home:
            note = await _loaded_anew(home)
            return note, [one.kind for one in home.daemon.core.events.recent]

    note, events = asyncio.run(act())

    assert "GPU" not in note
    assert "gpu_lost" not in events


def test_loads_are_counted_where_a_person_looks() -> None:
    """Pain 2: a model that is loaded again and again is seen to be: in status, as a figure, and in words."""

    async def act() -> tuple[list[int], list[str], bytes]:
        async with Rehearsal(Script(models=_on(0))) as near, running(calm() + engine(near)) as home:
            counts = []
            for _ in range(3):
                await _loaded_anew(home)
                (one,) = (await admin(home, "/hearth/v1/status"))["loaded"]
                counts.append(one["loads"])
            words = [text for name, text in facts(status(home.daemon.core)) if name == "loaded"]
            figures = await call(home, "/metrics", method="GET", Authorization=f"Bearer {home.token('admin')}")
            return counts, words, figures.body

    counts, words, figures = asyncio.run(act())

    assert counts == [1, 2, 3]
    assert "loaded 3 times since start (last in " in words[0]
    assert b'hearth_model_loads_total{hearth_target="ollama/scripted:latest"} 3' in figures
