"""A window found too small once its model is loaded: the call goes where there is room, or is refused."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.server.control.snapshot import models as models_of
from hearth_home import beside, make, running

NEAR = Script(models=(ModelScript(name="scripted", context_length=32_768, num_ctx=0),), default_num_ctx=4096)
FAR = Script(kind="openai", models=(ModelScript(name="big", context_length=100_000),))
LONG = "the year of the day " * 1400
"""7,000 tokens: below what the model was trained for, beyond what its engine gives it."""


def answers(*models: str, mode: str = "prefer-local") -> tuple[list[httpx.Response], list[str]]:
    """What each of these calls gets in turn, and the chats that the engine at home was asked for."""

    async def act() -> tuple[list[httpx.Response], list[str]]:
        async with Rehearsal(NEAR) as near, Rehearsal(FAR) as far:
            cloud = f'[providers.far]\npreset = "openai"\naddress = "{far.url}/v1"\nplace = "cloud"\nkey = "env:KEY"\n'
            alias = '[models.either]\nuse = ["ollama/scripted", "far/big"]\n'
            config = beside(near, f'mode = "{mode}"\n') + cloud + alias
            async with (
                running(config, {"KEY": "k"}) as home,
                httpx.AsyncClient(base_url=home.url, timeout=20) as client,
            ):
                body: dict[str, Any] = {"messages": [{"role": "user", "content": LONG}]}
                replies = [await client.post("/v1/chat/completions", json=body | {"model": one}) for one in models]
                return replies, [call.path for call in near.calls if call.path == "/api/chat"]

    return asyncio.run(act())


def test_a_prompt_too_long_for_the_loaded_model_goes_up() -> None:
    """Pain 1: never cut, and not refused while somebody has room; the next one is not sent there in vain."""
    (first, second), asked = answers("either", "either")

    assert [reply.status_code for reply in (first, second)] == [200, 200]
    assert first.headers["x-hearth-target"] == second.headers["x-hearth-target"] == "far/big"
    assert first.headers["x-hearth-reason"] == second.headers["x-hearth-reason"] == "refused:context_window"
    assert [reply.headers["x-hearth-attempts"] for reply in (first, second)] == ["2", "1"]
    assert len(asked) == 1


def test_nobody_with_room_is_a_refusal_that_says_so() -> None:
    """In the caller's own words for it; in `offline` no cloud has room (T33)."""
    replies, _ = answers("scripted", "scripted")
    (kept,), _ = answers("either", mode="offline")

    for reply in (*replies, kept):
        assert reply.status_code == httpx.codes.BAD_REQUEST
        assert reply.json()["error"]["code"] == "context_length_exceeded"


def test_a_model_that_is_not_loaded_is_stated_with_the_window_its_engine_gives() -> None:
    """Pain 25: editors fill the window they are told of; what one model was given shows what the others will get.

    Until anything was loaded, the trained window is all that is known; a pin, or the Modelfile's own, is exact.
    """
    models = tuple(ModelScript(name=name, context_length=32_768, num_ctx=0) for name in ("one", "two", "pinned"))
    script = Script(models=(*models, ModelScript(name="small", context_length=2048, num_ctx=0)), default_num_ctx=4096)
    pinned = "[providers.ollama.models.pinned]\nnum_ctx = 8192\n"

    async def act() -> tuple[list[int], list[int], list[int], dict[str, str]]:
        async with (
            Rehearsal(script) as near,
            running(beside(near) + pinned) as home,
            httpx.AsyncClient(base_url=home.url, timeout=20) as client,
        ):

            async def stated() -> list[int]:
                found = []
                for name in ("one", "two", "pinned", "small"):
                    shown = (await client.post("/api/show", json={"model": name})).json()
                    listed = (await client.get(f"/v1/models/{name}")).json()
                    assert shown["model_info"]["llama.context_length"] == listed["context_length"]
                    found.append(listed["context_length"])
                return found

            before = await stated()
            body: dict[str, Any] = {"model": "one", "messages": [{"role": "user", "content": "Hello"}]}
            await client.post("/v1/chat/completions", json=body)
            await home.daemon.inventory.refresh("ollama")
            loaded = await stated()
            await client.post("/api/generate", json={"model": "one", "keep_alive": 0})
            await home.daemon.inventory.refresh("ollama")
            notes = {one.model: one.note for one in models_of(home.daemon.core).models}
            return before, loaded, await stated(), notes

    before, loaded, unloaded, notes = asyncio.run(act())

    assert before == [32_768, 32_768, 8192, 2048]
    assert loaded == unloaded == [4096, 4096, 8192, 2048]
    assert notes["two:latest"] == "gets 4,096 of its 32,768 tokens; num_ctx sets more"
    assert notes["pinned:latest"] == notes["small:latest"] == ""


def test_what_an_engine_gives_is_known_after_a_restart(tmp_path: Path) -> None:
    """Pain 25: a cold model is stated with the window it will get, also by a daemon that never saw one loaded."""

    async def act() -> list[tuple[int, int]]:
        stated = []
        async with Rehearsal(NEAR) as near:
            for uses_it in (True, False):
                daemon = make(tmp_path, beside(near))
                await daemon.start()
                try:
                    await daemon.inventory.everywhere()
                    target = daemon.core.catalog.targets["ollama/scripted:latest"]
                    if uses_it and (lane := daemon.core.lanes.of(target)) is not None:
                        await lane.loaded()
                        await daemon.inventory.refresh("ollama")
                    now = daemon.core.catalog.targets["ollama/scripted:latest"]
                    stated.append((target.stated_window or 0, now.stated_window or 0))
                finally:
                    await daemon.stop()
                near.engine.close()
        return stated

    assert asyncio.run(act()) == [(32_768, 4096), (4096, 4096)]
