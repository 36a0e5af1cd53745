"""The log of calls, asked for what one wants to see, failed loads and followed calls included."""

from __future__ import annotations

import asyncio
import os
import sys
from urllib.parse import quote

import pytest

from end_to_end.callers import Object, admin, call, calm, chat, engine, until
from hearth.rehearsal import Fault, Rehearsal
from hearth_home import running

APPS = '[apps.zed]\nmatch = { user_agent = "Zed/*" }\n'


@pytest.mark.parametrize("path", ["/api/chat", "/api/generate"])
def test_a_failed_load_is_an_attempt(path: str) -> None:
    """A call whose model could not be loaded shows whom it waited for, for how long, and what went wrong."""

    async def scene() -> Object:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            near.next(Fault.refuse(500), path="/api/generate", times=-1)
            body = chat() if path == "/api/chat" else {"model": "scripted"}
            answer = await call(home, path, body)
            assert answer.status >= 500
            found: Object = await admin(home, "/hearth/v1/calls/last")
            return found

    told = asyncio.run(scene())

    (attempt,) = told["attempts"]
    assert (attempt["target"], attempt["number"], attempt["ending"]) == ("ollama/scripted:latest", 1, "failed")
    assert attempt["problem"] == "provider_error"
    assert attempt["total_ms"] > 0
    assert told["call"]["target"] == "ollama/scripted:latest"


def test_the_log_shows_the_calls_one_asks_for() -> None:
    """By app, target, place, ending and time; a word that no call can have is refused with those that can."""

    async def scene() -> list[object]:
        async with Rehearsal() as near, running(calm() + APPS + engine(near)) as home:
            await call(home, "/api/chat", chat(), User_Agent="Zed/1")
            await call(home, "/api/chat", chat("nobody"), User_Agent="curl")
            queries = (
                "app=zed",
                "app=",
                "target=ollama/scripted:latest",
                "place=machine",
                "place=cloud",
                "ending=refused",
                "since=-60",
                "until=1",
                "app=zed&ending=refused",
            )
            found = [await admin(home, f"/hearth/v1/calls?{quote(one, safe='=&')}") for one in queries]
            return [[one["asked"] for one in calls] for calls in found] + [
                (await admin(home, "/hearth/v1/calls?place=moon"))["error"]
            ]

    *found, refused = asyncio.run(scene())

    assert found == [
        ["scripted"],
        ["nobody"],
        ["scripted"],
        ["scripted"],
        [],
        ["nobody"],
        ["nobody", "scripted"],
        [],
        [],
    ]
    assert isinstance(refused, dict)
    assert "machine, lan, cloud" in refused["next_step"]


def test_following_shows_a_call_as_it_ends() -> None:
    """`hearth log -f` prints one that ended after it began, at once, and no other app's when it was told so."""

    async def scene() -> str:
        async with Rehearsal() as near, running(calm() + APPS + engine(near)) as home:
            command = ("-m", "hearth", "--home", str(home.folder), "log", "-f", "-n", "0", "--app", "zed")
            environ = {**os.environ, "PYTHONUNBUFFERED": "1"}
            followed = await asyncio.create_subprocess_exec(
                sys.executable, *command, env=environ, stdout=asyncio.subprocess.PIPE
            )
            assert followed.stdout is not None
            await until(lambda: home.daemon.core.events.watched)
            async with asyncio.timeout(20):
                await call(home, "/api/chat", chat(), User_Agent="curl")
                await call(home, "/api/chat", chat(), User_Agent="Zed/1")
                line = await followed.stdout.readline()
            followed.terminate()
            await followed.wait()
            return line.decode()

    line = asyncio.run(scene())

    assert "zed" in line
    assert "ollama/scripted:latest" in line
