"""Connections between exchanges: kept, reused, retried once when stale, dropped in time, obedient to the mode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from hearth.outbound.egress import Egress
from hearth.outbound.pool import SPARE_S, Limits, Pool
from hearth.problems import BrokenReply, Forbidden, ShuttingDown, Unreachable
from outbound.raw_server import OK, QUICK, Visit, answering, asking, chunk, get, serving, whole


def test_exchanges_one_after_another_share_a_connection() -> None:
    """Ten calls in a row are one connection: one connect, nine reuses."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw, asking(raw) as (pool, origin):
            first = await pool.send(origin, "GET", "/", limits=QUICK)
            for _ in range(9):
                await get(pool, origin)

            assert raw.visits == 1
            assert (pool.stats.connects, pool.stats.reuses, pool.stats.stale_retries) == (1, 9, 0)
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            assert (first.reused, reply.reused) == (False, True)
            assert first.connect_ms is not None
            assert reply.connect_ms is None
            assert reply.address == f"127.0.0.1:{raw.port}"

    asyncio.run(act())


def test_the_connection_used_last_is_used_next() -> None:
    """Last in, first out: after a burst the spare connections grow old and end, instead of all being kept warm."""

    async def act() -> None:
        asked: list[int] = []

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                asked.append(visit.number)
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await asyncio.gather(*(get(pool, origin) for _ in range(4)))
            asked.clear()
            for _ in range(4):
                await get(pool, origin)

            assert raw.visits == 4
            assert len(set(asked)) == 1

    asyncio.run(act())


def test_routes_that_are_equal_share_connections_and_others_do_not() -> None:
    """Two providers at one address share its connections; a place farther away is a route of its own."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            await get(pool, pool.origin(raw.address, who="twin", place="machine"))
            assert raw.visits == 1

            await get(pool, pool.origin(raw.address, who="tunnel", place="cloud"))
            assert raw.visits == 2

    asyncio.run(act())


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
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"mine"))
            await asyncio.sleep(0.02)
            await visit.say(whole(b"not yours"))
            await visit.closed()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b"mine"
            await asyncio.sleep(0.1)
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
                await asyncio.sleep(0.02)

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

            assert not reply.reused
            assert raw.visits == 2

    asyncio.run(act())


def test_an_unused_connection_is_closed_in_time() -> None:
    """It is we who close first, so that a request never meets a connection the server is just closing."""

    async def act() -> None:
        closed = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw, idle_seconds=0.1) as (pool, origin):
            await get(pool, origin)
            began = time.monotonic()
            await asyncio.wait_for(closed.wait(), 1.0)

            assert 0.05 < time.monotonic() - began < 0.5

    asyncio.run(act())


@pytest.mark.parametrize(("header", "visits"), [(b"timeout=1", 2), (b"timeout=60, max=9", 1), (b"junk", 1)])
def test_what_a_server_says_of_its_keep_alive_is_believed(header: bytes, visits: int) -> None:
    """`Keep-Alive: timeout=N` shortens the wait: N less a second."""

    async def act() -> None:
        async with (
            serving(answering(whole(b"x", b"Keep-Alive: %b\r\n" % header))) as raw,
            asking(raw) as (pool, origin),
        ):
            await get(pool, origin)
            await get(pool, origin)

            assert raw.visits == visits

    asyncio.run(act())


def test_a_limit_of_connections_makes_exchanges_wait() -> None:
    """With `max_open` 2 ten calls at once use two connections, and all are answered."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw, asking(raw, max_open=2) as (pool, origin):
            answers = await asyncio.gather(*(get(pool, origin) for _ in range(10)))

            assert answers == [b"x"] * 10
            assert raw.visits == 2

    asyncio.run(act())


def test_leaving_the_queue_for_a_connection_blocks_nobody() -> None:
    """A caller that is cancelled while it waits does not take its turn with it."""

    async def act() -> None:
        go = asyncio.Event()

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                await go.wait()
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw, max_open=1) as (pool, origin):
            tasks = [asyncio.create_task(get(pool, origin)) for _ in range(3)]
            await asyncio.sleep(0.05)
            tasks[1].cancel()
            go.set()

            assert await asyncio.wait_for(tasks[2], 1.0) == b"x"

    asyncio.run(act())


def test_dropped_connections_are_not_used_again() -> None:
    """F56: after a suspend every kept connection is suspect; the exchange under way is left alone."""

    async def act() -> None:
        go = asyncio.Event()

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                if visit.number == 2:
                    await go.wait()
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            await get(pool, pool.origin(raw.address, who="other", place="machine"))
            busy = [asyncio.create_task(get(pool, origin)) for _ in range(2)]
            await asyncio.sleep(0.05)
            pool.drop_idle()
            go.set()

            assert await asyncio.gather(*busy) == [b"x", b"x"]
            pool.drop_idle()
            await get(pool, origin)
            assert raw.visits == 3

    asyncio.run(act())


def test_closing_the_pool_ends_everything() -> None:
    """After `aclose` the exchange under way has failed, the provider has seen the hang-up, and nothing new is begun."""

    async def act() -> None:
        closed = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            task = asyncio.create_task(get(pool, origin))
            await asyncio.sleep(0.05)
            await pool.aclose()
            await asyncio.wait_for(closed.wait(), 0.1)

            with pytest.raises(ShuttingDown):
                await task
            with pytest.raises(ShuttingDown):
                await get(pool, origin)

    asyncio.run(act())


def test_tightening_the_mode_ends_the_streams_it_forbids() -> None:
    """F54: a stream planned for the cloud ends at once with `Forbidden`, unread bytes too; a local one goes on."""

    async def act() -> None:
        go = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc"))
            await go.wait()
            await visit.say(b"0\r\n\r\n")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            tunnel = pool.origin(raw.address, who="tunnel", place="cloud")
            local = await pool.send(origin, "GET", "/", limits=QUICK)
            cloud = await pool.send(tunnel, "GET", "/", limits=QUICK)

            assert pool.use(pool.egress.at("offline")) == 1

            with pytest.raises(Forbidden, match="mode offline: the mode was tightened"):
                await cloud.read_chunk()
            with pytest.raises(Forbidden, match="outside your own network"):
                await pool.send(tunnel, "GET", "/", limits=QUICK)
            go.set()
            assert await local.read_all(10) == b"abc"

    asyncio.run(act())


def test_a_call_may_be_tighter_than_the_mode() -> None:
    """An app that is offline cannot ride on a connection that the mode of everybody allows."""

    async def act() -> None:
        async with serving(answering(whole(b"x"))) as raw, asking(raw, place="cloud") as (pool, origin):
            await get(pool, origin)

            with pytest.raises(Forbidden):
                await pool.send(origin, "GET", "/", limits=QUICK, permit=pool.egress.at("lan"))

    asyncio.run(act())


def test_a_mode_tightened_while_dialling_is_obeyed() -> None:
    """F54: the mode is asked again when the connection stands, before a byte is sent."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            raw.requests.append(await visit.request())

        async with serving(script) as raw, asking(raw, place="cloud") as (pool, origin):
            task = asyncio.create_task(get(pool, origin))
            await asyncio.sleep(0)
            pool.use(pool.egress.at("offline"))

            with pytest.raises(Forbidden):
                await task
            await asyncio.sleep(0.05)
            assert raw.requests == []

    asyncio.run(act())


def test_many_exchanges_at_once_are_all_answered_with_their_own_reply() -> None:
    """Fifty at once, some hundreds in all: no reply ever reaches another's reader."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            while True:
                _, body = await visit.request()
                await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n")
                await visit.say(chunk(body) + b"0\r\n\r\n")

        async with serving(script) as raw, asking(raw) as (pool, origin):

            async def echo(number: int) -> None:
                for turn in range(10):
                    body = b"%d/%d" % (number, turn)
                    reply = await pool.send(origin, "POST", "/", body=body, limits=QUICK)
                    assert await reply.read_all(100) == body

            await asyncio.gather(*(echo(number) for number in range(50)))
            assert raw.visits == 50

    asyncio.run(act())


def test_connections_over_the_number_kept_end_soon() -> None:
    """Of five that were needed at once two are kept; the others end after a moment, not at once."""

    async def act() -> None:
        gone: list[int] = []

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.closed()
            gone.append(visit.number)

        async with serving(script) as raw, asking(raw) as (pool, origin):
            pool.max_idle = 2
            await asyncio.gather(*(get(pool, origin) for _ in range(5)))
            assert gone == []

            await asyncio.sleep(SPARE_S + 0.3)
            assert len(gone) == 3

    asyncio.run(act())


def test_an_unused_pool_costs_nothing() -> None:
    """A pool that dials nobody opens no socket and needs no running loop."""
    pool = Pool(Egress("offline"), max_idle=1)

    assert pool.stats.connects == 0
    assert Limits().first is None
