"""A crowd of large requests: read as far as memory allows, the others in turn; nobody else notices."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hearth.problems import QueueFull
from hearth.server.heavy import HeavyBodies
from hearth_home import LISTEN, make

START = "import sys; from hearth.foreground import run; from hearth_config.paths import Paths\n"
START += "sys.exit(run(Paths.find(sys.argv[1], {})))"
ENVIRON = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
SIZE = 40 << 20


def test_what_does_not_fit_waits_and_is_then_refused() -> None:
    """F38: room that is given back goes to who waits; without any it is a 503 that says what to do."""

    async def act() -> tuple[list[str], dict[object, int]]:
        heavy, said = HeavyBodies(most=100, patience_s=2.0), []
        await heavy.take("first", 60)
        await heavy.take("second", 40)
        waiting = asyncio.create_task(heavy.take("third", 30))
        await asyncio.sleep(0.05)
        said.append("waits" if not waiting.done() else "went in")
        heavy.give("second")
        await waiting
        try:
            await heavy.take("fourth", 30)
        except QueueFull as full:
            said.append(f"{full.status} {full.next_step}")
        return said, dict(heavy.held)

    said, held = asyncio.run(act())

    assert said == ["waits", "503 Send fewer of them at once."]
    assert held == {"first": 60, "third": 30}


def test_one_alone_is_never_refused_and_grows_in_its_place() -> None:
    """F38: who set a larger body_limit has it; a body of untold length counts for what it is by now."""

    async def act() -> list[dict[object, int]]:
        heavy, seen = HeavyBodies(most=100, patience_s=0.05), []
        await heavy.take("one", 500)
        seen.append(dict(heavy.held))
        heavy.give("one")
        await heavy.take("grows", 10)
        await heavy.take("other", 50)
        await heavy.take("grows", 40)
        seen.append(dict(heavy.held))
        with pytest.raises(QueueFull):
            await heavy.take("grows", 80)
        heavy.give("grows")
        heavy.give("other")
        heavy.give("nobody")
        seen.append(dict(heavy.held))
        return seen

    assert asyncio.run(act()) == [{"one": 500}, {"grows": 40, "other": 50}, {}]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says what a process took at most")
@pytest.mark.parametrize("told", [True, False], ids=["declared", "in chunks"])
@pytest.mark.timeout(150)
def test_a_crowd_of_large_requests_stays_within_what_the_service_file_allows(place: Path, told: bool) -> None:
    """F38, F37: eight bodies of 40 MB at once: answered in turn or told to come later, small calls meanwhile."""
    place.mkdir(mode=0o700)
    make(place, LISTEN)
    daemon = subprocess.Popen(
        [sys.executable, "-c", START, str(place)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENVIRON
    )
    try:
        assert daemon.stdout is not None
        daemon.stdout.readline()
        port = int(daemon.stdout.readline().rpartition(b":")[2])
        statuses, small = asyncio.run(_crowd(port, told=told))
        lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    finally:
        daemon.terminate()
        daemon.communicate(timeout=30)
    highest = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

    assert statuses.count(b"502") >= 3, "nobody has the model: they were read to the end"
    assert set(statuses) <= {b"502", b"503", b"closed"}, "who sends on while it is refused may not see the refusal"
    assert small == {b"200"}
    assert highest < 450_000


async def _crowd(port: int, *, told: bool) -> tuple[list[bytes], set[bytes]]:
    """Send eight large requests and, as long as they take, small ones; return how each was answered."""
    crowd = [asyncio.create_task(_large(port, told=told)) for _ in range(8)]
    small = set()
    while not all(one.done() for one in crowd):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /api/version HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % port)
        small.add((await reader.readuntil(b"\r\n\r\n")).split()[1])
        writer.close()
        await asyncio.sleep(0.1)
    return [one.result() for one in crowd], small


async def _large(port: int, *, told: bool) -> bytes:
    body = json.dumps({"model": "nobody", "messages": [{"role": "user", "content": "x" * SIZE}]}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await _sent(reader, writer, port, body, told=told)
    except (ConnectionError, asyncio.IncompleteReadError):
        return b"closed"
    finally:
        writer.close()


async def _sent(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, body: bytes, *, told: bool
) -> bytes:
    framing = b"Content-Length: %d" % len(body) if told else b"Transfer-Encoding: chunked"
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost:%d\r\n" % port + framing + b"\r\n\r\n")
    for start in range(0, len(body), 1 << 20):
        piece = body[start : start + (1 << 20)]
        writer.write(piece if told else b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
    writer.write(b"" if told else b"0\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    return head.split()[1]


FREED = """
import asyncio
from hearth.freed import _resident, give_back, keep_freed_memory
async def act():
    small, quiet = _resident(), []
    task = asyncio.create_task(give_back(lambda: quiet, 0.05))
    await asyncio.sleep(0)
    pieces, pins = [], []
    for number in range(3000):
        pieces.append(b"x" * 65000)
        pins.append(b"y" * 600)
    large = _resident()
    pieces.clear()
    await asyncio.sleep(0.3)
    left = _resident()
    quiet.append(True)
    for _ in range(400):
        await asyncio.sleep(0.05)
        if _resident() - small < 60 << 20:
            break
    task.cancel()
    print(*((one - small) >> 20 for one in (large, left, _resident())))
keep_freed_memory()
asyncio.run(act())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
def test_memory_left_in_holes_is_given_back() -> None:
    """F38, G19: what a crowd has used up is the system's again, although small things lie in between."""
    done = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=False, env=ENVIRON)

    large, left, after = map(int, done.stdout.split())
    assert large > 150
    if left < 100:
        pytest.skip("this C library had no holes")
    assert after < 60
