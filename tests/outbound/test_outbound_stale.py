"""A kept connection that is no longer good: noticed, retried once where that is safe, never twice."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
from collections.abc import AsyncIterator

import pytest

from end_to_end.callers import until
from hearth.outbound.egress import Egress
from hearth.outbound.http1 import Connection
from hearth.outbound.pool import Pool
from hearth.problems import BrokenReply, Unreachable
from hearth_config.addresses import TcpAddress
from outbound.raw_server import OK, QUICK, Visit, answering, asking, get, serving, whole


@pytest.mark.parametrize(
    "reply",
    [
        OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
        whole(b"x") + whole(b"second"),
        whole(b"x") + b"garbage",
    ],
)
def test_a_connection_that_cannot_go_on_is_not_kept(reply: bytes) -> None:
    """Close, HTTP/1.0, a second reply, bytes after the end: the reply is good, the connection is not."""

    async def act() -> None:
        async with serving(answering(reply)) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b"x"
            assert await get(pool, origin) == b"x"

            assert raw.visits == 2

    asyncio.run(act())


def test_bytes_on_an_unused_connection_end_it() -> None:
    """A reply nobody asked for must not become the answer to the next request."""

    async def act() -> None:
        read = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"mine"))
            await read.wait()
            await visit.say(whole(b"not yours"))
            await visit.closed()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b"mine"
            assert len(origin.shelf.unused) == 1
            read.set()
            await until(lambda: not origin.shelf.unused)
            assert await get(pool, origin) == b"mine"
            assert raw.visits == 2

    asyncio.run(act())


def test_a_server_that_closes_after_each_reply_is_served_afresh() -> None:
    """llama-server closes after every streamed reply: the closed connection is noticed and not tried."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            for _ in range(3):
                assert await get(pool, origin) == b"x"
                await until(lambda: not origin.shelf.unused)

            assert raw.visits == 3
            assert pool.stats.stale_retries == 0

    asyncio.run(act())


def test_a_stale_connection_is_retried_once_on_a_fresh_one() -> None:
    """F19: no byte came back on a reused connection, so the request is sent once more."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.request()
            if visit.number > 1:
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)

            reply = await pool.send(origin, "POST", "/", body=b"{}", limits=QUICK)

            assert await reply.read_all(10) == b"x"
            assert raw.visits == 2
            assert pool.stats.stale_retries == 1

    asyncio.run(act())


def test_a_fresh_connection_is_never_retried() -> None:
    """F19: a provider that closes without a word on a new connection has failed."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            with pytest.raises(Unreachable, match="without a reply"):
                await get(pool, origin)
            assert raw.visits == 1

    asyncio.run(act())


def test_a_stale_connection_is_retried_only_once() -> None:
    """F16: a second failure is the caller's to handle."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            if visit.number == 1:
                await visit.say(whole(b"x"))
                await visit.request()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            with pytest.raises(Unreachable):
                await get(pool, origin)
            assert raw.visits == 2

    asyncio.run(act())


def test_nothing_is_retried_once_a_byte_came_back() -> None:
    """F5, F19: the provider has begun to answer, so it may have acted."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.request()
            await visit.say(b"H")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            with pytest.raises(BrokenReply):
                await get(pool, origin)
            assert raw.visits == 1

    asyncio.run(act())


def test_an_upload_takes_a_fresh_connection() -> None:
    """A body that cannot be sent twice is not risked on a connection that may be stale."""

    async def act() -> None:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"abc"

        async with serving(answering(whole(b"x"))) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            reply = await pool.send(origin, "POST", "/", body=pieces(), limits=QUICK)

            assert reply.connect_ms is not None
            assert raw.visits == 2

    asyncio.run(act())


def test_a_close_that_waits_in_the_kernel_is_seen_before_the_next_request() -> None:
    """F19: while the daemon was busy or asleep the provider closed: the request is sent once, on a fresh connection."""

    async def act() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            served: list[bytes] = []

            def serve() -> None:
                for _ in range(2):
                    client, _ = listener.accept()
                    served.append(client.recv(65536))
                    client.sendall(whole(b"x"))
                    closing.wait(20)
                    client.close()
                    closed.set()

            closing, closed = threading.Event(), threading.Event()
            thread = threading.Thread(target=serve)
            thread.start()
            pool = Pool(Egress("offline"))
            origin = pool.origin(TcpAddress("http", *listener.getsockname()), who="raw", place="machine")
            await get(pool, origin)
            closing.set()
            closed.wait(20)  # blocks the loop, as a suspend does

            assert await get(pool, origin) == b"x"
            assert len(served) == 2
            assert pool.stats.stale_retries == 0
            await pool.aclose()
            thread.join(20)

    asyncio.run(act())


def test_nothing_of_a_connection_outlives_it() -> None:
    """Connections that end, well or not, are freed at once, not when the garbage collector comes by."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x") if visit.number % 2 else b"H")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            gc.collect()
            gc.disable()
            try:
                for _ in range(20):
                    with contextlib.suppress(BrokenReply):
                        await get(pool, origin)
                    await asyncio.sleep(0.005)
                await until(lambda: not origin.shelf.unused)
                left = sum(type(thing) is Connection for thing in gc.get_objects())
            finally:
                gc.enable()
            assert left <= 2

    asyncio.run(act())
