"""A usage log in trouble: calls are answered as quickly as ever, the status says what is wrong, and it heals."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from end_to_end.callers import Answer, Object, admin, call, calm, chat, engine
from hearth.rehearsal import Rehearsal
from hearth_home import Home, make, running

HEALING_S = 20.0
Trouble = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def _locked(database: Path) -> Iterator[None]:
    """Another program holds the file."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _in_the_way(database: Path) -> Iterator[None]:
    """The files are gone, and a folder stands where the database was: nobody can write there, root neither."""
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    database.mkdir()
    yield
    database.rmdir()


async def _until_log(home: Home, state: str) -> Object:
    """Wait until the status says so of the usage log."""
    async with asyncio.timeout(HEALING_S):
        while True:
            ledger: Object = (await admin(home, "/hearth/v1/status"))["ledger"]
            if ledger["state"] == state and (state != "ok" or not ledger["queued"]):
                return ledger
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("trouble", [_locked, _in_the_way], ids=["locked", "not writable"])
def test_calls_go_on_while_the_usage_log_cannot_be_written(trouble: Trouble) -> None:
    """F45, F47: answered, counted as waiting, told as degraded with its reason; afterwards all of them are there."""

    async def scene() -> tuple[list[Answer], float, Object, Object, list[str]]:
        async with Rehearsal() as near, running(calm() + engine(near)) as home:
            await call(home, "/api/chat", chat())
            await _until_log(home, "ok")
            with trouble(home.daemon.paths.database):
                began = time.monotonic()
                answers = [await call(home, path, chat()) for path in ("/api/chat", "/v1/chat/completions") * 5]
                seconds = time.monotonic() - began
                degraded = await _until_log(home, "degraded")
            healed = await _until_log(home, "ok")
            shown = [one["id"] for one in await admin(home, "/hearth/v1/calls?limit=10")]
            return answers, seconds, degraded, healed, shown

    answers, seconds, degraded, healed, shown = asyncio.run(scene())

    assert {(one.status, one.finished) for one in answers} == {(200, True)}
    assert seconds < 5.0
    assert degraded["reason"]
    assert degraded["queued"] > 0
    assert shown == [one.headers["x-hearth-id"] for one in reversed(answers)]
    assert healed["dropped"] == 0


def test_a_corrupt_usage_log_is_set_aside() -> None:
    """F46: the daemon starts and answers, the damaged file is kept under another name, and the status tells."""

    async def scene(folder: Path) -> tuple[Answer, Object, list[str]]:
        async with Rehearsal() as near:
            daemon = make(folder, calm() + engine(near))
            daemon.paths.database.write_bytes(os.urandom(20_000))
            await daemon.start()
            try:
                port = next(one for one in daemon.core.listening if one.startswith("http")).rpartition(":")[2]
                home = Home(daemon, int(port), daemon.paths.socket, folder)
                await daemon.inventory.everywhere()
                answer = await call(home, "/api/chat", chat())
                shown = [one["id"] for one in await admin(home, "/hearth/v1/calls")]
                return answer, await _until_log(home, "ok"), shown
            finally:
                await daemon.stop()

    with tempfile.TemporaryDirectory(prefix="hearth-") as name:
        answer, ledger, shown = asyncio.run(scene(Path(name)))
        copies = [file.name for file in Path(name).glob("usage.db.damaged-*")]

    assert answer.finished
    assert shown == [answer.headers["x-hearth-id"]]
    assert len(copies) == 1
    assert copies[0] in ledger["reason"]
