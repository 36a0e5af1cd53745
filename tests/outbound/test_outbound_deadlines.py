"""How long a provider may be silent, in which words that ends, and how fast a hang-up reaches it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing
from typing import Any

import pytest

from hearth.outbound.pool import Limits, Origin, Pool
from hearth.problems import BrokenReply, Problem, TimedOut
from outbound.raw_server import (
    OK,
    PATIENT_S,
    QUICK,
    Visit,
    answering,
    asking,
    chunk,
    chunked,
    get,
    once,
    problem_of,
    serving,
    whole,
)
from promised_times import held_once_of

AT_ONCE_S = 0.1


def seconds_of(scene: Callable[[], Coroutine[Any, Any, float]]) -> float:
    """Play a scene that measures what comes at once, on a machine that may stand still for a moment."""
    return held_once_of(3, lambda: asyncio.run(scene()), lambda seconds: seconds < AT_ONCE_S)


def test_a_connection_nobody_accepts_ends_in_time() -> None:
    """F2: a full backlog swallows the SYN; the connect deadline says which it was and how long."""

    async def act() -> None:
        with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as full:
            port = full.getsockname()[1]
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            async with serving(answering(b"")) as raw:
                raw.port = port
                async with asking(raw) as (pool, origin):
                    with pytest.raises(TimedOut, match=r"no connection to 127.0.0.1:\d+ within 0.3 s"):
                        await get(pool, origin, limits=Limits(connect=0.3))
            for filler in fillers:
                filler.close()

    asyncio.run(act())


def test_silence_before_the_reply_ends_in_time() -> None:
    """F3: the first deadline runs from the request, and says so."""

    def scene() -> tuple[Problem, float]:
        began = time.monotonic()
        return problem_of(once(b""), limits=Limits(first=0.2, idle=9.0)), time.monotonic() - began

    problem, seconds = held_once_of(3, scene, lambda found: found[1] < 1.0)

    assert problem == TimedOut("no reply within 0.2 s.", who="raw")
    assert 0.15 < seconds < 1.0


def test_a_head_without_a_token_ends_in_time() -> None:
    """F3: status and headers do not count as the first token."""
    head = OK + b"Transfer-Encoding: chunked\r\n\r\n"

    def scene() -> Problem:
        return problem_of(once(head), limits=Limits(first=0.2, idle=9.0))

    problem = held_once_of(3, scene, lambda problem: "no reply" not in problem.message)

    assert problem == TimedOut("no first token within 0.2 s.", who="raw")


def test_a_reader_may_say_that_no_token_has_come_yet() -> None:
    """F3: keep-alive comments do not stretch the first deadline when the reader sets `begun` back."""

    async def act() -> str:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
            while True:
                await visit.say(chunk(b": wait\n\n"))
                await asyncio.sleep(0.03)

        async def read(pool: Pool, origin: Origin) -> None:
            reply = await pool.send(origin, "GET", "/", limits=Limits(first=0.2, idle=9.0))
            while await reply.read_chunk():
                reply.begun = False

        async with serving(script) as raw, asking(raw) as (pool, origin):
            with pytest.raises(TimedOut) as late:
                await read(pool, origin)
        return late.value.message

    said = held_once_of(3, lambda: asyncio.run(act()), lambda said: "no reply" not in said)

    assert said == "no first token within 0.2 s."


def test_no_first_deadline_means_waiting() -> None:
    """F3: a model that loads for long is waited for when the caller says so."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await asyncio.sleep(0.3)
            await visit.say(whole(b"loaded"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin, limits=Limits(first=None, idle=0.1)) == b"loaded"

    asyncio.run(act())


def test_silence_in_the_middle_ends_in_time() -> None:
    """F4: a stalled stream is a `TimedOut` that says how long it was silent."""
    data = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc")

    problem = problem_of(once(data), limits=Limits(first=PATIENT_S, idle=0.2))

    assert problem == TimedOut("silent for 0.2 s in the middle of the reply.", who="raw")


def test_a_slow_drip_is_no_silence() -> None:
    """F11: bytes that keep coming keep the stream alive, however slow they are."""
    reply, pace_s = chunked(b"slow"), 0.01

    async def act() -> bytes | TimedOut:
        async def script(visit: Visit) -> None:
            await visit.request()
            for byte in reply:
                await visit.say(bytes([byte]))
                await asyncio.sleep(pace_s)

        async with serving(script) as raw, asking(raw) as (pool, origin):
            try:
                return await get(pool, origin, limits=Limits(first=PATIENT_S, idle=len(reply) * pace_s / 2))
            except TimedOut as problem:
                return problem

    assert held_once_of(3, lambda: asyncio.run(act()), lambda got: got == b"slow") == b"slow"


def test_a_slow_reader_is_not_a_silent_provider() -> None:
    """F4: only time spent waiting for the provider counts, not the time our own caller takes."""

    async def act() -> None:
        sent = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"one"))
            await asyncio.sleep(0.1)
            await visit.say(chunk(b"two") + b"0\r\n\r\n")
            sent.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=Limits(first=PATIENT_S, idle=0.15))
            assert await reply.read_chunk() == b"one"
            await asyncio.gather(asyncio.sleep(0.4), sent.wait())
            assert await reply.read_chunk() == b"two"

    asyncio.run(act())


def test_a_stream_has_a_wall_clock_cap_where_one_is_set() -> None:
    """F12: an endless stream ends after `total` seconds."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            await visit.say(chunk(b"x"))
            await asyncio.sleep(0.02)

    problem = problem_of(script, limits=Limits(first=PATIENT_S, idle=PATIENT_S, total=0.3))

    assert problem == TimedOut("the reply was not finished within 0.3 s.", who="raw")


def test_a_provider_that_does_not_take_the_request_ends_in_time() -> None:
    """F4: a provider that stopped reading is found out by the idle limit."""

    async def script(visit: Visit) -> None:
        await asyncio.Event().wait()

    problem = problem_of(script, limits=Limits(first=PATIENT_S, idle=0.3), body=b"x" * 60_000_000)

    assert problem == TimedOut("took none of the request for 0.3 s.", who="raw")


@pytest.mark.parametrize("said", [b"", OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc")])
def test_cancelling_closes_the_connection_atonce(said: bytes) -> None:
    """F20, F21: the provider sees a hang-up within 0.1 s, before the first token and after it."""

    async def act() -> float:
        asked, closed = asyncio.Event(), asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(said)
            asked.set()
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            task = asyncio.create_task(get(pool, origin))
            await asked.wait()
            await asyncio.sleep(0.05)
            began = time.monotonic()
            task.cancel()
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            seconds = time.monotonic() - began

            with pytest.raises(asyncio.CancelledError):
                await task
        return seconds

    assert seconds_of(act) < AT_ONCE_S


def test_cancelling_an_upload_closes_the_connection_atonce() -> None:
    """F22: a client that goes away while it uploads is not kept waiting for."""

    async def act() -> float:
        asked, closed = asyncio.Event(), asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.01)

        async def script(visit: Visit) -> None:
            await visit.reader.readuntil(b"\r\n\r\n")
            asked.set()
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            task = asyncio.create_task(pool.send(origin, "POST", "/", body=endless(), limits=QUICK))
            await asked.wait()
            await asyncio.sleep(0.05)
            began = time.monotonic()
            task.cancel()
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            return time.monotonic() - began

    assert seconds_of(act) < AT_ONCE_S


def test_closing_a_reply_closes_the_connection_atonce() -> None:
    """F21: `with reply:` hangs up when its block is left early."""

    async def act() -> float:
        closed = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc"))
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            with await pool.send(origin, "GET", "/", limits=QUICK) as reply:
                await reply.read_chunk()
                began = time.monotonic()
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            seconds = time.monotonic() - began

            with pytest.raises(BrokenReply, match="closed"):
                await reply.read_chunk()
        return seconds

    assert seconds_of(act) < AT_ONCE_S
