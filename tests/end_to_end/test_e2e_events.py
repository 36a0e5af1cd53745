"""Who watches learns of every call that ends, and can ask for those after one it knows; never what was said."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from cli.terminal import command, environment
from end_to_end.callers import Caller, Object, admin, call, calm, chat, engine
from hearth.rehearsal import Fault, Rehearsal
from hearth_home import Home, running

NAME = "ollama/scripted:latest"
LOCKED_S = 3.5
"""Longer than a look at the log waits for the disk, and a try to write for a lock."""
SECRET = "the-words-of-a-prompt"


async def _watch(home: Home) -> Caller:
    """A watcher of the events, from now on."""
    watcher = await Caller.ask(home, "/hearth/v1/events", method="GET", Authorization=f"Bearer {home.token('admin')}")
    await watcher.until(b": listening\n\n")
    return watcher


def test_every_call_that_ends_is_an_event() -> None:
    """Kind `call`: id, target, place, reason, time and tokens of calls that went well and of those that did not."""

    async def scene() -> tuple[list[Object], str, str]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            watcher = await _watch(home)
            good = await call(home, "/api/chat", chat(words=SECRET))
            near.next(Fault.refuse(400), path="/api/chat")
            bad = await call(home, "/v1/chat/completions", chat(words=SECRET, stream=True))
            seen = await watcher.until(b"event: call\n", 2)
            await watcher.until(b"event: call_ended\n")
            assert SECRET.encode() not in watcher.seen
            watcher.leave()
            events = [one for one in _events(seen) if one["kind"] == "call"]
            return events, good.headers["x-hearth-id"], bad.headers["x-hearth-id"]

    events, good, bad = asyncio.run(scene())

    first, second = (one["facts"] for one in events)
    assert (first["id"], first["target"], first["place"], first["reason"]) == (good, NAME, "machine", "local")
    assert (first["ending"], first["asked"]) == ("complete", "scripted")
    assert first["ms"] > 0
    assert first["input_tokens"] > 0
    assert first["output_tokens"] > 0
    assert (second["id"], second["ending"]) == (bad, "failed")


def _events(seen: bytes) -> list[Object]:
    return [json.loads(line[6:]) for line in seen.split(b"\n") if line.startswith(b"data: ") and line.endswith(b"}")]


def test_calls_after_one_are_those_written_down_after_it() -> None:
    """`GET calls?after=ID`: the newest first, without ID itself; after the newest there is none."""

    async def scene() -> tuple[list[str], list[str], list[str], list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            ids = [(await call(home, "/api/chat", chat())).headers["x-hearth-id"] for _ in range(4)]
            found = [await admin(home, f"/hearth/v1/calls?after={one}") for one in (ids[0], ids[3])]
            limited = await admin(home, f"/hearth/v1/calls?after={ids[0]}&limit=1")
            after_first, after_last, one = ([each["id"] for each in some] for some in (*found, limited))
            return ids, after_first, after_last, one

    ids, after_first, after_last, one = asyncio.run(scene())

    assert after_first == ids[:0:-1]
    assert after_last == []
    assert one == [ids[3]]


@asynccontextmanager
async def _following(home: Home) -> AsyncIterator[asyncio.StreamReader]:
    """What `hearth log -f` prints, the newest call first."""
    line = command(home.folder, "log", "-f", "-n", "1")
    process = await asyncio.create_subprocess_exec(*line, stdout=asyncio.subprocess.PIPE, env=environment())
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.communicate()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """A usage log that nobody else can write to."""
    with contextlib.closing(sqlite3.connect(file, timeout=20.0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_log_follow_shows_a_call_soon_after_it_ended() -> None:
    """`hearth log -f` prints each new call once, in a pipe too, and goes on."""

    async def scene() -> tuple[list[str], list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            ids = [(await call(home, "/api/chat", chat())).headers["x-hearth-id"]]
            async with _following(home) as printed:
                shown = [await asyncio.wait_for(printed.readline(), 20.0)]
                ids += [(await call(home, "/api/chat", chat())).headers["x-hearth-id"] for _ in range(2)]
                shown += [await asyncio.wait_for(printed.readline(), 20.0) for _ in range(2)]
            return ids, [one.decode() for one in shown]

    ids, shown = asyncio.run(scene())

    assert all(one in line for one, line in zip(ids, shown, strict=True))


def test_log_follow_shows_a_call_that_the_disk_took_late() -> None:
    """Once it is written down, and no other call has to end for that."""

    async def scene() -> tuple[list[str], list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            ids = [(await call(home, "/api/chat", chat())).headers["x-hearth-id"]]
            async with _following(home) as printed:
                shown = [await asyncio.wait_for(printed.readline(), 20.0)]
                with _locked(home.folder / "usage.db"):
                    ids.append((await call(home, "/api/chat", chat())).headers["x-hearth-id"])
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(printed.readline(), LOCKED_S)
                shown.append(await asyncio.wait_for(printed.readline(), 20.0))
            return ids, [one.decode() for one in shown]

    ids, shown = asyncio.run(scene())

    assert all(one in line for one, line in zip(ids, shown, strict=True))
