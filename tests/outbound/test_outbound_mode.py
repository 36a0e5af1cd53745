"""A mode that is tightened while the daemon runs: what it forbids ends at once, and nothing new begins."""

from __future__ import annotations

import asyncio

import pytest

from hearth.problems import Forbidden
from outbound.raw_server import OK, QUICK, Visit, answering, asking, chunk, get, serving, whole


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
