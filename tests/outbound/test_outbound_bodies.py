"""Bodies out and in: large, streamed, refused half-way, endless, and read more slowly than they come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from end_to_end.callers import until
from hearth.outbound.pool import Limits
from hearth.problems import BadRequest, BrokenReply
from outbound.loops import Runner
from outbound.raw_server import OK, PATIENT_S, QUICK, Visit, answering, asking, chunk, serving, whole
from promised_times import soonest


def test_a_large_body_is_sent_whole(run: Runner) -> None:
    """A prompt of several megabytes goes out in slices, in order, to a provider that reads slowly."""

    async def act() -> None:
        body = bytes(range(256)) * 20_000

        async def script(visit: Visit) -> None:
            await asyncio.sleep(0.05)
            raw.requests.append(await visit.request())
            await visit.say(whole(b"{}"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "POST", "/", body=body, limits=QUICK)

            assert raw.requests[0][1] == body
            assert reply.bytes_out > len(body)
            assert await reply.read_all(10) == b"{}"

    run(act())


@pytest.mark.parametrize("length", [None, 9 * 200_000])
def test_an_upload_streams(run: Runner, length: int | None) -> None:
    """A blob is sent as it is read: in chunks, or with its length, never gathered in memory."""

    async def act() -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for digit in range(9):
                yield b"%d" % digit * 200_000
                yield b""

        async def script(visit: Visit) -> None:
            raw.requests.append(await visit.request())
            await visit.say(whole(b"{}"))
            await visit.closed()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "POST", "/blob", body=pieces(), length=length, limits=QUICK)

            head, body = raw.requests[0]
            assert body == b"".join(b"%d" % digit * 200_000 for digit in range(9))
            assert (b"chunked" in head) == (length is None)
            assert reply.head.status == 200

    run(act())


@pytest.mark.parametrize("length", [2, 4])
def test_an_upload_of_another_length_than_announced_is_an_error(length: int) -> None:
    """A body that does not fit its Content-Length would be read as something else: it is never finished."""

    async def act() -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"abc"

        async def script(visit: Visit) -> None:
            await visit.closed()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            with pytest.raises(BadRequest, match="announced"):
                await pool.send(origin, "POST", "/", body=pieces(), length=length, limits=QUICK)

    asyncio.run(act())


def test_a_refusal_during_an_upload_is_read(run: Runner) -> None:
    """A provider that says no before it has the whole body is heard, and the rest is not sent."""

    async def act() -> None:
        heard = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.reader.readuntil(b"\r\n\r\n")
            await visit.say(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
            await heard.wait()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "POST", "/", body=b"x" * 30_000_000, limits=QUICK)

            assert reply.head.status == 413
            assert await reply.read_all(10) == b"no"
            assert reply.bytes_out < 30_000_000
            heard.set()

    run(act())


def test_a_slow_reader_stops_the_provider(run: Runner) -> None:
    """F23: at 256 KiB unread nothing more is read from the provider; afterwards nothing is missing."""

    async def act() -> None:
        body = b"0123456789abcdef" * (1 << 20)

        async with serving(answering(whole(body))) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            await until(lambda: reply.unread >= 256 << 10)
            await asyncio.sleep(0.3)

            assert reply.unread < 2 << 20
            assert await reply.read_all(len(body)) == body

    run(act())


def test_a_body_over_the_limit_is_not_gathered() -> None:
    """F12: `read_all` stops at its limit, and the connection is closed."""

    async def act() -> None:
        async with serving(answering(whole(b"x" * 5_000_000))) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)

            with pytest.raises(BrokenReply, match="over 1000 bytes"):
                await reply.read_all(1000)

    asyncio.run(act())


def test_an_endless_stream_is_cut_at_its_cap() -> None:
    """F12: a provider that never stops is stopped by bytes."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
            while True:
                await visit.say(chunk(b"x" * 1000))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            limits = Limits(first=PATIENT_S, idle=PATIENT_S, max_bytes=300_000)
            reply = await pool.send(origin, "GET", "/", limits=limits)

            with pytest.raises(BrokenReply, match="over 300000 bytes"):
                await reply.read_all(1 << 30)

    asyncio.run(act())


def test_the_end_of_a_stream_may_follow_its_last_word(run: Runner) -> None:
    """A reader that has seen its end mark calls `finish`; the connection is kept when the last chunk comes soon."""

    async def act() -> None:
        finished = asyncio.Event()

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"[DONE]"))
                await finished.wait()
                await visit.say(b"0\r\n\r\n")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            for _ in range(2):
                reply = await pool.send(origin, "GET", "/", limits=QUICK)
                assert await reply.read_chunk() == b"[DONE]"
                reply.finish(grace=PATIENT_S)
                reply.close()
                finished.set()
                await until(lambda: origin.shelf.unused)
                finished.clear()

            assert raw.visits == 1

    run(act())


def test_a_stream_that_goes_on_after_its_last_word_is_dropped() -> None:
    """`finish` waits only so long: then the provider sees the connection close."""

    async def act() -> float:
        closed = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"[DONE]"))
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            await reply.read_chunk()
            began = time.monotonic()
            reply.finish(grace=0.05)

            await asyncio.wait_for(closed.wait(), PATIENT_S)
            return time.monotonic() - began

    assert soonest(act, 1.0) < 1.0
