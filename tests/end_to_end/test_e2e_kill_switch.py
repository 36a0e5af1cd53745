"""The kill switch: what leaves this machine ends at once, with words, and nothing leaves until it is lifted."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import pytest

from end_to_end.callers import Answer, Caller, Object, admin, call, calm, chat, cloud, engine, inference
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth.senses.switches import Switches
from hearth_config.settings import Settings
from hearth_home import running
from promised_times import held_once_of

ENDLESS = "count"
KILL = "/hearth/v1/kill-switch"
PACED = (ModelScript(name="scripted", tokens_per_second=50.0),)
FAR = Script(kind="openai", models=PACED)
AT_MOST_S = 0.2
ROUTES = ("/api/chat", "/v1/chat/completions")


@pytest.mark.parametrize("path", ROUTES)
def test_what_leaves_ends_at_once_and_what_is_here_goes_on(path: str) -> None:
    """A cloud stream ends within 200 ms with an error its client reads; a local one goes on; nobody is asked."""

    async def scene() -> tuple[Answer, Answer, float, Object, Answer, int]:
        async with contextlib.AsyncExitStack() as stack:
            far, near = [await stack.enter_async_context(Rehearsal(script)) for script in (FAR, Script(models=PACED))]
            home = await stack.enter_async_context(running(calm() + engine(near) + cloud(far)))
            near.next(Fault.stall(60.0, after=2), path="/api/chat")
            local = await Caller.ask(home, path, chat("ollama/scripted", stream=True))
            away = await Caller.ask(home, path, chat("far/scripted", ENDLESS, stream=True))
            await local.until(b"Hello")
            await away.until(b"one,")
            began = time.monotonic()
            said = await admin(home, KILL, "POST")
            ended = await away.rest()
            seconds = time.monotonic() - began
            asked = inference(far)
            refused = await call(home, path, chat("far/scripted"))
            near.pauses.end()
            return ended, await local.rest(), seconds, said, refused, inference(far) - asked

    scenes = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[2] <= AT_MOST_S)
    ended, local, seconds, said, refused, asked = scenes

    assert "offline" in str(ended.last["error"])
    assert not ended.finished
    assert seconds <= AT_MOST_S
    assert said == {"stopped": True, "mode": "offline", "ended": 1}
    assert local.finished
    assert local.text == "Hello! I am a small test model."
    assert (refused.status, asked) == (403, 0)


def test_what_an_ollama_here_forwards_ends_too() -> None:
    """T31, F54: a model of this machine's Ollama that answers in its cloud leaves too; its stream ends with words."""
    remote = ModelScript(
        name="gpt-oss:cloud", remote_host="https://ollama.com", remote_model="gpt-oss", tokens_per_second=50.0
    )

    async def scene() -> tuple[Answer, float, Object]:
        near = Rehearsal(Script(models=(remote,)))
        async with near, running(calm() + engine(near, "remote_models = true")) as home:
            caller = await Caller.ask(home, "/api/chat", chat("gpt-oss:cloud", ENDLESS))
            await caller.until(b"one")
            began = time.monotonic()
            said = await admin(home, KILL, "POST")
            answer = await caller.rest()
            seconds = time.monotonic() - began
            await near.wait_for_hangup()
            return answer, seconds, said

    answer, seconds, said = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[1] <= AT_MOST_S)

    assert "error" in answer.last
    assert not answer.finished
    assert seconds <= AT_MOST_S
    assert said["ended"] == 1


def test_a_pull_under_way_ends() -> None:
    """A registry is cloud, whoever asks it: the pull ends with words for those who follow it, and at the Ollama."""
    script = Script(registry=(ModelScript(name="wanted:1b", size=10_000_000),), pull_seconds=60.0)

    async def scene() -> tuple[Answer, Object]:
        async with Rehearsal(script) as near, running(calm() + engine(near)) as home:
            token = f"Bearer {home.token('admin')}"
            caller = await Caller.ask(home, "/hearth/v1/models/pull", {"model": "wanted:1b"}, Authorization=token)
            await caller.until(b"completed")
            said = await admin(home, KILL, "POST")
            answer = await caller.rest()
            await near.wait_for_hangup()
            return answer, said

    answer, said = asyncio.run(scene())

    assert answer.last["error"]["kind"] == "forbidden"
    assert said["ended"] == 1


def test_a_wait_for_the_cloud_ends() -> None:
    """A call that has not had its first word from the cloud yet is refused with the reason."""

    async def scene() -> Answer:
        async with Rehearsal(FAR) as far, running(calm() + cloud(far)) as home:
            far.next(Fault.late_token(60.0), times=-1)
            caller = await Caller.ask(home, "/v1/chat/completions", chat("far/scripted", stream=True))
            await far.wait_for_call(path="/chat/completions")
            await admin(home, KILL, "POST")
            return await caller.rest()

    answer = asyncio.run(scene())

    assert answer.status == 403
    assert "offline" in str(answer.json()["error"])


def test_it_holds_over_a_restart_until_it_is_lifted() -> None:
    """The next daemon of the same home starts stopped; lifting brings back the switch from before, not the file's."""

    async def scene() -> tuple[Object, Object, Object, bool]:
        async with running('mode = "any"\n') as home:
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "lan"})
            await admin(home, KILL, "POST")
            status = await admin(home, "/hearth/v1/status")
            next_start = Switches(home.daemon.paths.state_file)
            lifted = await admin(home, KILL, "DELETE")
            later_start = Switches(home.daemon.paths.state_file)
            return status, lifted, {"mode": next_start.mode, "stopped": next_start.stopped}, later_start.stopped

    status, lifted, next_start, later = asyncio.run(scene())

    assert (status["stopped"], status["mode"]) == (True, "offline")
    assert next_start == {"mode": "offline", "stopped": True}
    assert lifted == {"stopped": False, "mode": "lan"}
    assert not later


def test_choosing_a_mode_lifts_it() -> None:
    """Who says which mode shall hold has the last word; throwing it twice still remembers the mode before the first."""

    async def scene() -> list[Object]:
        async with running('mode = "any"\n') as home:
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "prefer-local"})
            for _ in range(2):
                await admin(home, KILL, "POST")
            lifted = await admin(home, KILL, "DELETE")
            await admin(home, KILL, "POST")
            await admin(home, "/hearth/v1/mode", "PUT", {"mode": "lan"})
            chosen = await admin(home, KILL)
            return [lifted, chosen, await admin(home, KILL, "DELETE")]

    lifted, chosen, nothing = asyncio.run(scene())

    assert lifted == {"stopped": False, "mode": "prefer-local"}
    assert chosen == {"stopped": False, "mode": "lan"}
    assert nothing == {"stopped": False, "mode": "lan"}


def test_it_holds_even_where_it_cannot_be_written_down() -> None:
    """A state folder that cannot be written: all is stopped all the same, and the answer says what is missing."""

    async def scene() -> tuple[Object, str, bool]:
        async with Rehearsal(FAR) as far, running(calm() + cloud(far)) as home:
            home.daemon.paths.state_file.mkdir(parents=True)
            caller = await Caller.ask(home, "/v1/chat/completions", chat("far/scripted", ENDLESS, stream=True))
            await caller.until(b"one,")
            said = await admin(home, KILL, "POST")
            return said, home.daemon.core.mode, (await caller.rest()).finished

    said, mode, finished = asyncio.run(scene())

    assert "cannot be written" in said["error"]["message"]
    assert mode == "offline"
    assert not finished


@pytest.mark.parametrize("stopped", ['{"before": "nonsense"}', "7", '{"mode": "any"}', '{"mode": 7}'])
def test_a_stop_that_cannot_be_read_still_stops(tmp_path: Path, stopped: str) -> None:
    """A state file in which somebody broke the kill switch: nothing leaves until somebody says so again."""
    file = tmp_path / "state.json"
    file.write_text(f'{{"mode": null, "stopped": {stopped}}}')

    switches = Switches(file)

    assert switches.mode == "offline"
    switches.switch_mode(None, Settings())
    assert not switches.stopped
    assert Switches(file).mode is None
