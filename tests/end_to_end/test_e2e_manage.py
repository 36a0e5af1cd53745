"""The control API's orders about models mean what they name: nothing is deleted by another name."""

from __future__ import annotations

import asyncio

import pytest

from end_to_end.callers import PATIENT_S, Object, admin, calm, engine
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth_home import running

ALIASES = (
    'default_model = "fast"\n[models.fast]\nuse = ["ollama/scripted"]\n[models."g-*"]\nuse = ["ollama/scripted"]\n'
)


def removed(name: str) -> tuple[Object, list[str]]:
    """What the order to delete this name hears, and what the engine has left."""

    async def scene() -> tuple[Object, list[str]]:
        async with Rehearsal() as near, running(ALIASES + calm() + engine(near)) as home:
            said: Object = await admin(home, f"/hearth/v1/models/{name}", "DELETE")
            return said, [model.name for model, _ in near.engine.newest_first()]

    return asyncio.run(scene())


@pytest.mark.parametrize("name", ["scripted", "Scripted:latest", "ollama/scripted", "local/scripted"])
def test_a_model_is_deleted_by_its_own_name(name: str) -> None:
    """With or without its tag, its provider, or the word for this machine."""
    said, left = removed(name)

    assert said == {"removed": "ollama/scripted:latest"}
    assert "scripted" not in left


@pytest.mark.parametrize("name", ["fast", "default", "g-x", "gpt-4o", "local/fast"])
def test_a_name_that_stands_for_a_model_deletes_nothing(name: str) -> None:
    """An alias, a glob, the default, and a name that clients hard-code: what they stand for today is not meant."""
    said, left = removed(name)

    assert "hearth rm ollama/scripted:latest" in said["error"]["next_step"]
    assert "scripted" in left


@pytest.mark.parametrize("name", ["ollama/wanted:1b", "local/wanted:1b", "wanted:1b"])
def test_a_model_is_fetched_by_any_of_its_names(name: str) -> None:
    """The engine is asked for the model's own."""

    async def scene() -> list[Object]:
        script = Script(registry=(ModelScript(name="wanted:1b"),))
        async with Rehearsal(script) as near, running(calm() + engine(near)) as home:
            async with asyncio.timeout(PATIENT_S):
                while home.daemon.core.catalog.resolve("wanted:1b", "chat").targets == ():
                    async for _ in home.daemon.core.pulls.follow(name):
                        pass
                    await home.daemon.inventory.refresh("ollama")
            return [one.json() for one in near.calls if one.path == "/api/pull"]

    (asked,) = asyncio.run(scene())

    assert asked["model"] == "wanted:1b"
