"""A model that is missing at home is fetched while the cloud answers, once, and shown; afterwards home answers."""

from __future__ import annotations

import asyncio
import sys

import pytest

from end_to_end.callers import Answer, Object, admin, call, calm, chat, cloud, engine, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import Home, running

FETCHED = ModelScript(name="wanted:1b", size=1_000_000)
NEAR = Script(registry=(FETCHED,))
FAR = Script(kind="openai", models=(ModelScript(name="scripted"),))
TO_CLOUD = '[fallback]\ncloud = ["far/scripted"]\n'
BACKGROUND = 'pull = "background"'


def _config(near: Rehearsal, far: Rehearsal, mode: str = "prefer-local") -> str:
    return f'mode = "{mode}"\n' + calm() + TO_CLOUD + engine(near, BACKGROUND) + cloud(far)


def _pulls(near: Rehearsal) -> int:
    return sum(one.path == "/api/pull" for one in near.calls)


def _is_there(home: Home) -> bool:
    target = home.daemon.core.catalog.targets.get("ollama/wanted:1b")
    return target is not None and target.installed


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
def test_a_missing_model_is_fetched_while_the_cloud_answers(path: str) -> None:
    """`pull = "background"`: one pull for many callers, progress in the status, then the model is at home."""

    async def scene() -> tuple[list[Answer], Object, Answer, Object, int]:
        async with Rehearsal(NEAR) as near, Rehearsal(FAR) as far, running(_config(near, far)) as home:
            near.next(Fault.stall(60.0, after=4), path="/api/pull")
            first = [await call(home, path, chat("wanted:1b")) for _ in range(3)]
            await until(lambda: any(pull.total for pull in home.daemon.core.pulls.views()))
            during = await admin(home, "/hearth/v1/status")
            near.pauses.end()
            await until(lambda: not home.daemon.core.pulls.views())
            await until(lambda: _is_there(home))
            later = await call(home, path, chat("wanted:1b"))
            return first, during, later, await admin(home, "/hearth/v1/status"), _pulls(near)

    first, during, later, after, pulls = asyncio.run(scene())

    assert {(one.status, one.headers["x-hearth-target"]) for one in first} == {(200, "far/scripted")}
    assert {one.headers["x-hearth-reason"] for one in first} == {"missing"}
    assert [(one["provider"], one["model"]) for one in during["pulls"]] == [("ollama", "wanted:1b")]
    assert 0 <= during["pulls"][0]["completed"] <= during["pulls"][0]["total"]
    assert (later.headers["x-hearth-target"], later.headers["x-hearth-reason"]) == ("ollama/wanted:1b", "local")
    assert after["pulls"] == []
    assert pulls == 1


def test_a_background_pull_that_fails_is_not_tried_at_every_call() -> None:
    """A name no registry knows costs one pull; the cloud goes on answering."""

    async def scene() -> tuple[list[Answer], int, Object]:
        async with Rehearsal(NEAR) as near, Rehearsal(FAR) as far, running(_config(near, far)) as home:
            answers = []
            for _ in range(3):
                answers.append(await call(home, "/api/chat", chat("nobody-has-this")))
                await until(lambda: not home.daemon.core.pulls.views())
            return answers, _pulls(near), await admin(home, "/hearth/v1/status")

    answers, pulls, after = asyncio.run(scene())

    assert {one.headers["x-hearth-target"] for one in answers} == {"far/scripted"}
    assert pulls == 1
    assert after["failed_pulls"] == {"ollama/nobody-has-this": "pull model manifest: file does not exist"}


def test_a_pull_that_is_refused_says_why_in_its_owners_words() -> None:
    """An Ollama refuses a wrong name with a whole body, which ends without a line's end."""

    async def scene() -> Answer:
        async with Rehearsal(NEAR) as near, Rehearsal(FAR) as far, running(_config(near, far)) as home:
            bearer = f"Bearer {home.token('admin')}"
            return await call(home, "/hearth/v1/models/pull", {"model": "a//b"}, Authorization=bearer)

    assert "invalid model name" in asyncio.run(scene()).body.decode()


@pytest.mark.parametrize("mode", ["offline", "lan"])
def test_nothing_is_pulled_where_registries_are_forbidden(mode: str) -> None:
    """A registry is cloud: neither in the background nor by order, nor through Ollama's own route."""

    async def scene() -> tuple[Answer, Answer, Answer, int]:
        async with Rehearsal(NEAR) as near, Rehearsal(FAR) as far, running(_config(near, far, mode)) as home:
            asked = await call(home, "/api/chat", chat("wanted:1b"))
            native = await call(home, "/api/pull", {"model": "wanted:1b"})
            bearer = f"Bearer {home.token('admin')}"
            order = await call(home, "/hearth/v1/models/pull", {"model": "wanted:1b"}, Authorization=bearer)
            return asked, native, order, _pulls(near)

    asked, native, order, pulls = asyncio.run(scene())

    assert asked.status in (403, 404)
    assert native.status == 403
    assert mode in str(order.json()["error"])
    assert pulls == 0


def test_the_command_shows_progress_and_ends_with_the_model_there() -> None:
    """`hearth pull` in a process of its own, against a daemon: steps on stderr, the result on stdout, exit 0."""

    async def scene() -> tuple[int | None, str, str]:
        async with Rehearsal(NEAR) as near, running(calm() + engine(near)) as home:
            command = [sys.executable, "-m", "hearth", "--home", str(home.folder), "pull", "wanted:1b"]
            pipe = asyncio.subprocess.PIPE
            process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
            said, progress = await asyncio.wait_for(process.communicate(), 40.0)
            await until(lambda: _is_there(home))
            return process.returncode, said.decode(), progress.decode()

    code, said, progress = asyncio.run(scene())

    assert code == 0, progress
    assert "wanted:1b" in said
    assert "pulling manifest" in progress
    assert progress.rstrip().endswith("success")
