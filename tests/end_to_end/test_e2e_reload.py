"""An edit of the config takes effect under load without a failed request; a bad one changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from functools import partial

import psutil
import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, Object, admin, call, calm, chat, cloud, engine, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from hearth_home import LISTEN, Home, running
from promised_times import held_once_of

ROUTES = ("/api/chat", "/v1/chat/completions")
EDITS = 200
SOON_S = 1.5
"""A second from the edit to its effect (G16), and the calls that tell of it."""
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=50.0),))
BAD = {
    "nothing": "",
    "half a line": 'mode = "off',
    "an unknown key": "patience = 3\n",
    "a wrong value": 'mode = "ofline"\n',
    "a provider without an address": "[providers.x]\n",
}


def _save(home: Home, config: str) -> None:
    """Save as editors do: a new file renamed over the old one."""
    new = home.folder / "hearth.toml.new"
    new.write_text(config + LISTEN if config else "")
    new.chmod(0o600)
    new.replace(home.folder / "hearth.toml")


def _knows(home: Home, alias: str) -> bool:
    return home.daemon.core.catalog.resolve(alias, "chat").kind == "alias"


def _answered(answers: list[Answer], count: int) -> bool:
    return len(answers) >= count


async def _keep_asking(home: Home, answers: list[Answer], done: asyncio.Event) -> None:
    """Keep asking, in turn by both dialects, streamed and whole."""
    turn = 0
    while not done.is_set():
        turn += 1
        body = chat("name", stream=turn % 3 == 0)
        answers.append(await call(home, ROUTES[turn % 2], body))


def test_two_hundred_edits_under_load() -> None:
    """F52, G16: while 200 configs are swapped, half of them bad, every request is answered; no file stays open."""

    async def scene() -> tuple[list[Answer], Object]:
        async with Rehearsal() as near, Rehearsal(Script(kind="openai", models=(ModelScript(name="scripted"),))) as far:
            base = calm() + engine(near) + cloud(far)
            use = '[models.name]\nuse = ["{}/scripted"]\n'
            async with running(base + use.format("ollama")) as home:
                await call(home, "/api/chat", chat("name"))
                await asyncio.to_thread(home.daemon.ledger.flush, PATIENT_S)  # it is opened in a thread of its own
                files = psutil.Process().num_fds()
                done, answers = asyncio.Event(), list[Answer]()
                load = [asyncio.create_task(_keep_asking(home, answers, done)) for _ in range(4)]
                for number in range(EDITS):
                    await until(partial(_answered, answers, number // 2))
                    good = base + use.format(("ollama", "far")[number // 2 % 2])
                    _save(home, good if number % 2 else list(BAD.values())[number // 2 % len(BAD)])
                    said = await home.daemon.reload()
                    assert bool(said) is not bool(number % 2)
                    assert home.daemon.core.config_error == said
                done.set()
                await asyncio.gather(*load)
                status = await admin(home, "/hearth/v1/status")
                await until(lambda: psutil.Process().num_fds() <= files + 8, 2.0)
                return answers, status

    answers, status = asyncio.run(scene())

    assert Counter((one.status, one.finished) for one in answers) == {(200, True): len(answers)}
    assert {one.headers["x-hearth-target"] for one in answers} == {"ollama/scripted:latest", "far/scripted"}
    assert len(answers) >= EDITS // 2 - 1
    assert status["config"]["error"] == ""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_edit_keeps_the_good_config(name: str) -> None:
    """F51: the file's watcher refuses it, `hearth status` says why, calls go on, and the next good edit heals it."""

    async def scene() -> tuple[Object, Answer, Object, float]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            good = calm() + engine(near) + '[models.name]\nuse = ["ollama/scripted"]\n'
            _save(home, BAD[name])
            await until(lambda: home.daemon.core.config_error)
            bad = await admin(home, "/hearth/v1/status")
            answer = await call(home, "/api/chat", chat())
            began = time.monotonic()
            _save(home, good)
            await until(partial(_knows, home, "name"))
            return bad["config"], answer, (await admin(home, "/hearth/v1/status"))["config"], time.monotonic() - began

    bad, answer, healed, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[3] < SOON_S)

    assert "hearth.toml" in bad["error"]
    assert answer.finished
    assert healed["error"] == ""
    assert seconds < SOON_S


@pytest.mark.parametrize("path", ROUTES)
def test_a_stream_survives_the_removal_of_its_provider(path: str) -> None:
    """F53: an answer under way ends on the config it began with; the next call finds the provider gone."""

    async def scene() -> tuple[Answer, Answer]:
        async with Rehearsal(CLOUD) as far, Rehearsal() as near, running(calm() + engine(near) + cloud(far)) as home:
            caller = await Caller.ask(home, path, chat("far/scripted", stream=True))
            await caller.until(b"Hello")
            _save(home, calm() + engine(near))
            assert await home.daemon.reload() == ""
            return await caller.rest(), await call(home, path, chat("far/scripted"))

    survivor, later = asyncio.run(scene())

    assert survivor.finished
    assert survivor.text == "Hello! I am a small test model."
    assert later.status == 404


@pytest.mark.parametrize("path", ROUTES)
def test_a_call_that_waits_survives_the_removal_of_its_provider(path: str) -> None:
    """F53: who waits in a queue, for a load, or for a retry is still answered by the providers of its own config."""

    async def scene() -> list[Answer]:
        slow = Script(models=(ModelScript(name="scripted", load_seconds=0.5, tokens_per_second=100.0),))
        async with Rehearsal(slow) as near, Rehearsal(CLOUD) as far:
            keep = calm(patience="60s") + cloud(far)
            async with running(keep + engine(near) + '[retry]\nbackoff = "300ms"\n') as home:
                far.next(Fault.refuse(503))
                callers = [await Caller.ask(home, path, chat()) for _ in range(3)]
                callers.append(await Caller.ask(home, path, chat("far/scripted")))
                await near.wait_for_call(path="/api/generate")
                await far.wait_for_call(path="/chat/completions")
                _save(home, calm())
                assert await home.daemon.reload() == ""
                return [await caller.rest() for caller in callers]

    answers = asyncio.run(scene())

    assert [one.status for one in answers] == [200] * 4, [one.body for one in answers]
    assert all(one.finished for one in answers)


def test_an_edit_takes_effect_within_a_second() -> None:
    """The file is watched: saved in any of three ways, the next calls use it."""

    async def scene() -> list[float]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            base, file, times = calm() + engine(near) + LISTEN, home.folder / "hearth.toml", []
            await asyncio.sleep(0.3)
            for number, way in enumerate(("rename", "in place", "a link")):
                name = f"m{number}"
                config = base + f'[models.{name}]\nuse = ["ollama/scripted"]\n'
                began = time.monotonic()
                if way == "rename":
                    _save(home, config.replace(LISTEN, ""))
                elif way == "in place":
                    file.write_text(config)
                else:
                    other = home.folder / "other.toml"
                    other.write_text(config)
                    other.chmod(0o600)
                    file.unlink()
                    file.symlink_to(other)
                await until(partial(_knows, home, name))
                times.append(time.monotonic() - began)
            return times

    times = held_once_of(3, lambda: asyncio.run(scene()), lambda found: max(found) < SOON_S)

    assert max(times) < SOON_S
