"""A daemon in a process of its own is told to stop, or killed: what its callers see, and what the next start finds."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple

import pytest

from end_to_end.callers import PATIENT_S, Answer, Caller, call, calm, chat, cloud, until
from hearth.rehearsal import Fault, ModelScript, Rehearsal, Script
from promised_times import held_once_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of this kind are POSIX only")

ROUTES = ("/api/chat", "/v1/chat/completions")
ENDLESS = "count"
CLOUD = Script(kind="openai", models=(ModelScript(name="scripted", tokens_per_second=20.0),))
START = "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); from hearth.cli import main; main()"
"""`hearth run`, heeding hang-ups also where the tests themselves were told not to (nohup)."""


CLOSED_S = 0.1
"""So soon after the order to stop nobody is let in any more."""
WRITTEN_S = 0.5
"""So soon after its end a call stands in the usage log, whatever kills the daemon then."""


class Running(NamedTuple):
    """A daemon's process, and the port on which it answers."""

    process: asyncio.subprocess.Process
    port: int
    ready_s: float
    folder: Path

    async def ended(self, timeout: float = 10.0) -> int:
        """Wait for its end; return its exit code."""
        async with asyncio.timeout(timeout):
            return await self.process.wait()


@asynccontextmanager
async def started(folder: Path, config: str, stdin: int = subprocess.DEVNULL) -> AsyncIterator[Running]:
    """Run `hearth run` in that folder until the block ends; what it logs goes to the file `said` there."""
    file = folder / "hearth.toml"
    file.write_text(f'{config}\n[listen]\ntcp = "127.0.0.1:0"\n')
    file.chmod(0o600)
    began = time.monotonic()
    with (folder / "said").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", START, "--home", str(folder), "run",
            stdin=stdin, stdout=asyncio.subprocess.PIPE, stderr=said,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
    try:
        port = await _port(process)
        yield Running(process, port, time.monotonic() - began, folder)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while line := (await process.stdout.readline()).decode():
            if "http://127.0.0.1:" in line:
                return int(line.rpartition(":")[2].split()[0].rstrip("/."))
    raise EOFError("the daemon ended before it listened")


async def _closed(daemon: Running) -> float:
    """Wait until nobody is let in any more: it has taken the order to stop. Return after how many seconds that was."""
    began = time.monotonic()
    async with asyncio.timeout(PATIENT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", daemon.port)
            except ConnectionError:
                return time.monotonic() - began
            writer.close()
            await asyncio.sleep(0.02)


def _again(folder: Path) -> Path:
    """Return a new home in that folder, for one try of several."""
    home = folder / str(len(list(folder.iterdir())))
    home.mkdir(mode=0o700)
    return home


def _written(folder: Path) -> int:
    """How many calls stand in the usage log by now."""
    with closing(sqlite3.connect(f"file:{folder / 'usage.db'}?mode=ro", uri=True)) as database:
        try:
            return int(database.execute("SELECT count(*) FROM calls").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # its tables are being made


def _endings(folder: Path) -> list[str]:
    """How the calls ended that the usage log holds; its integrity is checked by the way."""
    with closing(sqlite3.connect(folder / "usage.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in database.execute("SELECT ending FROM calls ORDER BY id")]


@pytest.mark.parametrize("path", ROUTES)
def test_a_stop_lets_streams_end(tmp_path: Path, path: str) -> None:
    """F35: after SIGTERM nobody new is let in, a stream under way ends well and is written down, and the exit is 0."""

    async def scene(home: Path) -> tuple[Answer, float, int, list[str]]:
        async with Rehearsal(CLOUD) as far, started(home, calm() + cloud(far)) as daemon:
            far.next(Fault.stall(60.0, after=2))
            caller = await Caller.ask(daemon, path, chat("far/scripted", stream=True))
            await caller.until(b"Hello")
            daemon.process.send_signal(signal.SIGTERM)
            closed_s = await _closed(daemon)
            far.pauses.end()
            return await caller.rest(), closed_s, await daemon.ended(), _endings(home)

    tries = held_once_of(3, lambda: asyncio.run(scene(_again(tmp_path))), lambda found: found[1] < CLOSED_S)
    answer, closed_s, code, endings = tries

    assert answer.finished
    assert closed_s < CLOSED_S
    assert code == 0
    assert endings == ["complete"]


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_streams_at_once(tmp_path: Path, number: signal.Signals, path: str) -> None:
    """F35, G21: whoever insists gets an end within a second or two; each stream is told so, none looks finished."""

    async def scene(home: Path) -> tuple[list[Answer], int, float, list[str]]:
        async with Rehearsal(CLOUD) as far, started(home, calm() + cloud(far)) as daemon:
            body = chat("far/scripted", ENDLESS, stream=True)
            callers = [await Caller.ask(daemon, path, body) for _ in range(5)]
            for caller in callers:
                await caller.until(b"one,")
            daemon.process.send_signal(number)
            await _closed(daemon)
            began = time.monotonic()
            daemon.process.send_signal(number)
            answers = [await caller.rest() for caller in callers]
            return answers, await daemon.ended(), time.monotonic() - began, _endings(home)

    tries = held_once_of(3, lambda: asyncio.run(scene(_again(tmp_path))), lambda found: found[2] < 2.5)
    answers, code, seconds, endings = tries

    assert all("error" in one.last for one in answers)
    assert not any(one.finished for one in answers)
    assert code == 0
    assert seconds < 2.5
    assert endings == ["killed"] * 5


class Restarted(NamedTuple):
    """A daemon's first start and its next one: whether its socket was left, how long things took, what was written."""

    socket_before: bool
    written_s: float
    first_s: float
    ready_s: float
    answer: Answer
    endings: list[str]
    socket_after: bool

    def in_time(self) -> bool:
        """Whether the call before the kill was written at once, and the next start was no later than the first."""
        return self.written_s < WRITTEN_S and self.ready_s < 5 and self.ready_s - self.first_s < 1.5


def test_a_killed_daemon_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    """F34, G14: after kill -9 under load the next start takes the stale socket and lock over, as soon as the first."""

    async def scene(home: Path) -> Restarted:
        async with Rehearsal(CLOUD) as far:
            config = calm() + cloud(far)
            async with started(home, config) as daemon:
                await call(daemon, ROUTES[0], chat("far/scripted"))
                ended = time.monotonic()
                caller = await Caller.ask(daemon, ROUTES[0], chat("far/scripted", ENDLESS, stream=True))
                await caller.until(b"one,")
                await until(lambda: _written(home))
                written_s = time.monotonic() - ended
                daemon.process.kill()
                await daemon.ended()
                broken, first_s = await caller.rest(), daemon.ready_s
            left = (home / "hearth.sock").exists()
            async with started(home, config) as daemon:
                answer = await call(daemon, ROUTES[1], chat("far/scripted"))
                _connect(home / "hearth.sock")
                daemon.process.terminate()
                await daemon.ended()
                assert not broken.finished
                socket_left = (home / "hearth.sock").exists()
                return Restarted(left, written_s, first_s, daemon.ready_s, answer, _endings(home), socket_left)

    found = held_once_of(3, lambda: asyncio.run(scene(_again(tmp_path))), Restarted.in_time)

    assert found.socket_before
    assert found.in_time()
    assert found.answer.finished
    assert found.endings == ["complete", "complete"]
    assert not found.socket_after


def _connect(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(str(path))


def test_a_second_daemon_of_one_home_is_refused(tmp_path: Path) -> None:
    """F40: it says that one runs already, with its pid, exits 1, and the first goes on."""

    async def scene() -> tuple[int | None, bytes, Answer, int]:
        async with Rehearsal(CLOUD) as far, started(tmp_path, calm() + cloud(far)) as daemon:
            second = await asyncio.create_subprocess_exec(
                sys.executable, "-c", START, "--home", str(tmp_path), "run",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
            said, _ = await second.communicate()
            await until(lambda: second.returncode is not None)
            answer = await call(daemon, ROUTES[0], chat("far/scripted"))
            return second.returncode, said, answer, daemon.process.pid

    code, said, answer, pid = asyncio.run(scene())

    assert code == 1
    assert b"already" in said
    assert str(pid).encode() in said
    assert answer.finished


def test_a_hang_up_without_a_terminal_reads_the_config_again(tmp_path: Path) -> None:
    """F35, F53: SIGHUP, as service managers send it, ends no stream; what the file says by then holds."""

    async def scene() -> tuple[Answer, str, int]:
        async with Rehearsal(CLOUD) as far, started(tmp_path, calm() + cloud(far)) as daemon:
            caller = await Caller.ask(daemon, "/api/chat", chat("far/scripted", stream=True))
            await caller.until(b"Hello")
            daemon.process.send_signal(signal.SIGHUP)
            await until(lambda: b"config_loaded" in (tmp_path / "said").read_bytes())
            answer = await caller.rest()
            daemon.process.send_signal(signal.SIGTERM)
            return answer, (tmp_path / "said").read_text(), await daemon.ended()

    answer, said, code = asyncio.run(scene())

    assert answer.finished
    assert "config_loaded" in said
    assert code == 0


def test_a_closed_terminal_is_a_stop_in_good_order(tmp_path: Path) -> None:
    """F35: who closes the window in which `hearth run` runs loses no answer; the exit is 0."""

    async def scene() -> tuple[Answer, int]:
        terminal, inside = os.openpty()
        try:
            async with Rehearsal(CLOUD) as far, started(tmp_path, calm() + cloud(far), stdin=inside) as daemon:
                caller = await Caller.ask(daemon, "/api/chat", chat("far/scripted", stream=True))
                await caller.until(b"Hello")
                daemon.process.send_signal(signal.SIGHUP)
                return await caller.rest(), await daemon.ended()
        finally:
            os.close(inside)
            os.close(terminal)

    answer, code = asyncio.run(scene())

    assert answer.finished
    assert code == 0
    assert _endings(tmp_path) == ["complete"]
