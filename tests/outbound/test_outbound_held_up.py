"""A process that was stopped, or held up: what came meanwhile is read before a provider is called silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from hearth.outbound.pool import Limits
from hearth.problems import TimedOut
from outbound.raw_server import OK, Visit, asking, chunk, serving
from promised_times import held_once_of

uvloop = pytest.importorskip(
    "uvloop", reason="its timers go before what has arrived, those of asyncio's own loop after"
)

IDLE_S = 0.4
STOOD_S = 4 * IDLE_S
BEGIN = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"one")
END = b"0\r\n\r\n"


def stand_still() -> None:
    """Keep everything in this process from going on, as a signal to stop does."""
    time.sleep(STOOD_S)


async def read_past_a_stop(after: Callable[[Visit], Awaitable[None]]) -> bytes:
    """Read a stream whose reader stands still once it has begun to wait for what follows."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(BEGIN)
        await asyncio.sleep(IDLE_S / 4)
        await after(visit)
        await visit.closed()

    async with serving(script) as raw, asking(raw) as (pool, origin):
        reply = await pool.send(origin, "GET", "/", limits=Limits(idle=IDLE_S))
        with reply:
            return await reply.read_all(1000)


def test_what_came_while_we_stood_still_is_read() -> None:
    """F36, F56: a stream goes on after a stop longer than any silence allowed: the provider was not silent."""

    async def speaks(visit: Visit) -> None:
        visit.writer.write(chunk(b"two"))
        stand_still()
        await asyncio.sleep(IDLE_S / 2)
        await visit.say(END)

    assert uvloop.run(read_past_a_stop(speaks)) == b"onetwo"


def test_who_was_silent_all_the_while_is_given_up() -> None:
    """F4, F36: after a stop a provider has a moment to be heard, and no second deadline."""

    async def is_silent(_: Visit) -> None:
        stand_still()

    def scene() -> float:
        began = time.monotonic()
        with pytest.raises(TimedOut, match="silent"):
            uvloop.run(read_past_a_stop(is_silent))
        return time.monotonic() - began

    assert held_once_of(3, scene, lambda seconds: seconds < STOOD_S + 2.0) < STOOD_S + 2.0
