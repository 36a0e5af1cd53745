"""Clients that stop reading: they are cut off in time, hold little memory, and their provider is left."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time

import psutil
import pytest

from end_to_end.callers import Caller, call, calm, chat, cloud, engine, inference, until
from hearth.rehearsal import ModelScript, Rehearsal, Script
from hearth.server.connection import Patience
from hearth_home import Home, running
from promised_times import held_once_of

ROUTES = ("/api/chat", "/v1/chat/completions")
ENDLESS = "count"
STUCK_S = 1.0
SHORT = Patience(stuck_reader_s=STUCK_S, heartbeat_s=0.3)
MIB = 1024 * 1024
BIG = "w" * 8 * MIB
READS_EVERY_S = 0.05


async def _stuck(home: Home, path: str, body: object) -> Caller:
    """A caller whose system takes hardly anything, and which reads nothing at all."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", home.port))
    caller = Caller(*await asyncio.open_connection(sock=sock))
    await caller.send(home, path, body)
    return caller


async def _still(home: Home) -> float:
    """Wait until the one call is over; return for how long nothing had come for it by then."""
    core = home.daemon.core
    await until(lambda: len(core.calls))
    (live,) = core.calls
    came, last = 0, time.monotonic()
    while len(core.calls):
        current = live.answering.current if live.answering is not None else None
        if current is not None and current.meter.bytes_in != came:
            came, last = current.meter.bytes_in, time.monotonic()
        await asyncio.sleep(0.01)
    return time.monotonic() - last


@pytest.mark.parametrize("path", ROUTES)
def test_a_caller_that_reads_nothing_is_cut_off(path: str) -> None:
    """F23: an endless answer stops at the buffers, the caller is gone in time, and so is its provider's work."""

    async def scene() -> tuple[float, int, int]:
        far = Rehearsal(Script(kind="openai", models=(ModelScript(name="scripted"),)))
        async with far, running(calm() + cloud(far), patience=SHORT) as home:
            await call(home, path, chat("far/scripted"))
            memory = psutil.Process().memory_info().rss
            began = time.monotonic()
            caller = await _stuck(home, path, chat("far/scripted", ENDLESS, stream=True))
            still_s = await _still(home)
            await far.wait_for_hangup()
            seconds = time.monotonic() - began
            grown = psutil.Process().memory_info().rss - memory
            caller.leave()
            assert seconds >= STUCK_S
            return still_s, grown, inference(far)

    still_s, grown, asked = held_once_of(
        3, lambda: asyncio.run(scene()), lambda found: found[0] < STUCK_S * 4 and found[1] < 24 * MIB
    )

    assert still_s < STUCK_S * 4
    assert grown < 24 * MIB
    assert asked == 2


def test_a_whole_reply_that_nobody_reads_is_let_go() -> None:
    """F23: the same for one long JSON object: neither it nor its call stays for ever."""

    async def scene() -> float:
        model = ModelScript(name="scripted", says=BIG)
        async with Rehearsal(Script(models=(model,))) as near, running(calm() + engine(near), patience=SHORT) as home:
            began = time.monotonic()
            caller = await _stuck(home, "/api/chat", chat(stream=False))
            await near.wait_for_call(path="/api/chat")
            await until(lambda: not len(home.daemon.core.calls))
            caller.leave()
            return time.monotonic() - began

    assert asyncio.run(scene()) >= STUCK_S


def test_a_caller_that_reads_slowly_is_served_to_the_end() -> None:
    """F23: who reads a little all the while is not stuck, however long the whole answer takes."""

    async def scene() -> tuple[bool, float]:
        model = ModelScript(name="scripted", says=BIG)
        patience = Patience(stuck_reader_s=STUCK_S)
        near = Rehearsal(Script(models=(model,)))
        async with near, running(calm() + engine(near), patience=patience) as home:
            caller = await _stuck(home, "/api/chat", chat(stream=False))
            began, size = time.monotonic(), 0
            with contextlib.suppress(ConnectionError):
                while piece := await caller.reader.read(MIB):
                    size += len(piece)
                    await asyncio.sleep(READS_EVERY_S)
            caller.leave()
            return size > len(BIG), time.monotonic() - began

    served, seconds = held_once_of(3, lambda: asyncio.run(scene()), lambda found: found[0])

    assert served
    assert seconds >= STUCK_S * 2
