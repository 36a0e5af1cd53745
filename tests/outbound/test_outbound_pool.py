"""Connections between exchanges: kept, reused, retried once when stale, dropped in time, obedient to the mode."""

from __future__ import annotations

import asyncio
import time

import pytest

from end_to_end.callers import until
from hearth.outbound.egress import Egress
from hearth.outbound.pool import SPARE_S, Limits, Pool
from hearth.problems import ShuttingDown
from outbound.raw_server import OK, PATIENT_S, QUICK, Visit, answering, asking, chunk, get, serving, whole
from promised_times import held_once_of, soonest


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


def test_an_unused_connection_is_closed_in_time() -> None:
    """It is we who close first, so that a request never meets a connection the server is just closing."""

    async def act() -> float:
        closed = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw, idle_seconds=0.1) as (pool, origin):
            began = time.monotonic()
            await get(pool, origin)
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            return time.monotonic() - began

    seconds = held_once_of(3, lambda: asyncio.run(act()), lambda seconds: seconds < 0.5)

    assert 0.05 < seconds < 0.5


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

    async def act() -> float:
        go = asyncio.Event()

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                await go.wait()
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw, max_open=1) as (pool, origin):
            tasks = [asyncio.create_task(get(pool, origin)) for _ in range(3)]
            await until(lambda: len(origin.shelf.queue) == 2)
            tasks[1].cancel()
            began = time.monotonic()
            go.set()

            assert await asyncio.wait_for(tasks[2], PATIENT_S) == b"x"
            return time.monotonic() - began

    assert soonest(act, 1.0) < 1.0


def test_dropped_connections_are_not_used_again() -> None:
    """F56: after a suspend every kept connection is suspect; the exchange under way is left alone."""

    async def act() -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def script(visit: Visit) -> None:
            while True:
                await visit.request()
                if visit.number == 2:
                    asked.set()
                    await go.wait()
                await visit.say(whole(b"x"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            await get(pool, origin)
            await get(pool, pool.origin(raw.address, who="other", place="machine"))
            busy = [asyncio.create_task(get(pool, origin)) for _ in range(2)]
            await asked.wait()
            await until(lambda: origin.shelf.unused)
            pool.drop_idle()
            go.set()

            assert await asyncio.gather(*busy) == [b"x", b"x"]
            pool.drop_idle()
            await get(pool, origin)
            assert raw.visits == 3

    asyncio.run(act())


def test_closing_the_pool_ends_everything() -> None:
    """After `aclose` the exchange under way has failed, the provider has seen the hang-up, and nothing new is begun."""

    async def act() -> float:
        asked, closed = asyncio.Event(), asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            asked.set()
            await visit.closed()
            closed.set()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            task = asyncio.create_task(get(pool, origin))
            await asked.wait()
            began = time.monotonic()
            await pool.aclose()
            await asyncio.wait_for(closed.wait(), PATIENT_S)
            seconds = time.monotonic() - began

            with pytest.raises(ShuttingDown):
                await task
            with pytest.raises(ShuttingDown):
                await get(pool, origin)
            return seconds

    assert soonest(act, 0.1) < 0.1


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
        gone: list[float] = []

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(whole(b"x"))
            await visit.closed()
            gone.append(time.monotonic())

        async with serving(script) as raw, asking(raw) as (pool, origin):
            pool.max_idle, began = 2, time.monotonic()
            await asyncio.gather(*(get(pool, origin) for _ in range(5)))

            await until(lambda: len(gone) == 3)
            await asyncio.sleep(0.1)
            assert len(gone) == 3
            assert min(gone) - began > SPARE_S * 0.9

    asyncio.run(act())


def test_an_unused_pool_costs_nothing() -> None:
    """A pool that dials nobody opens no socket and needs no running loop."""
    pool = Pool(Egress("offline"), max_idle=1)

    assert pool.stats.connects == 0
    assert Limits().first is None
