"""Clients that take their time: heads and bodies have absolute deadlines, and too many connections are turned away."""

from __future__ import annotations

import asyncio
import contextlib
from time import monotonic

from end_to_end.callers import until
from hearth.server.connection import Patience
from hearth_home import Home, running
from promised_times import held_once_of
from server.door import ask, host, quiet_log, read, say, spell

SHORT = Patience(head_s=0.4, body_s=0.4)


async def _drip(home: Home, data: bytes, every: float = 0.05) -> tuple[float, bytes]:
    """Send a byte at a time until Hearth closes; return how long that took, and what it said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    begun = monotonic()
    answer = asyncio.create_task(reader.read())
    with contextlib.suppress(ConnectionError):
        for byte in data:
            if answer.done():
                break
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every)
    with contextlib.suppress(ConnectionError):
        said = await asyncio.wait_for(answer, 20.0)
        writer.close()
        return monotonic() - begun, said
    return monotonic() - begun, b""


def test_a_head_that_drips_is_given_up_and_others_are_served() -> None:
    """F25, G9: 100 drippers are gone in time, however steadily they drip; an honest client hardly notices."""

    async def act() -> tuple[list[float], list[bytes], float]:
        async with running(patience=SHORT) as home:
            data = spell("GET", "/api/version", [host(home), ("X-Long", "a" * 100)])
            drippers = [asyncio.create_task(_drip(home, data)) for _ in range(100)]
            await asyncio.sleep(0.1)
            begun = monotonic()
            assert (await ask(home, "GET", "/api/version")).status == 200
            honest = monotonic() - begun
            done = await asyncio.gather(*drippers)
            return [took for took, _ in done], [said for _, said in done], honest

    with quiet_log():
        found = held_once_of(3, lambda: asyncio.run(act()), lambda one: max(one[0]) < 2.0 and one[2] < 1.0)
    took, said, honest = found

    assert max(took) < 2.0
    assert not any(said)
    assert honest < 1.0


def test_by_default_a_head_has_ten_seconds_and_a_body_thirty() -> None:
    """F25, F26, G9: the figures outside of tests; with four sweeps a deadline, a head is gone by 12.5 s."""
    assert (Patience().head_s, Patience().body_s, Patience().keep_alive_s) == (10.0, 30.0, 75.0)


def test_a_connection_that_says_nothing_is_given_up() -> None:
    """F25, F27: from its first moment, not from its first byte."""

    async def act() -> float:
        async with running(patience=SHORT) as home:
            begun = monotonic()
            assert await say(home, wait=5.0) == b""
            return monotonic() - begun

    assert held_once_of(3, lambda: asyncio.run(act()), lambda took: took < 2.0) < 2.0


def test_the_second_head_on_a_connection_has_a_deadline_too() -> None:
    """F25: a connection that has served well is no safe place to wait on."""

    async def act() -> tuple[bytes, float]:
        async with running(patience=Patience(head_s=0.4, keep_alive_s=30.0)) as home:
            good = spell("GET", "/api/version", [host(home)])
            begun = monotonic()
            said = await say(home, good, b"GET /api/vers", wait=5.0)
            return said, monotonic() - begun

    said, took = held_once_of(3, lambda: asyncio.run(act()), lambda found: found[1] < 2.0)

    assert read(said).status == 200
    assert took < 2.0


def test_a_connection_between_two_requests_is_kept() -> None:
    """F25: the deadline is for heads; an idle client that had its answer may come back."""

    async def act() -> bytes:
        async with running(patience=Patience(head_s=0.4)) as home:
            good = spell("GET", "/api/version", [host(home)])
            return await say(home, good, good, wait=0.4, pause=1.2)

    assert held_once_of(3, lambda: asyncio.run(act()).count(b" 200 OK"), lambda served: served == 2) == 2


def test_a_body_that_drips_is_a_408_in_the_callers_dialect() -> None:
    """F26, G9: 100 drippers with bodies, declared or in chunks, are answered and gone in time."""

    async def act() -> tuple[list[float], list[bytes]]:
        async with running(patience=SHORT) as home:
            sized = spell("POST", "/api/chat", [host(home), ("Content-Length", "5000")])
            chunked = spell("POST", "/v1/chat/completions", [host(home), ("Transfer-Encoding", "chunked")])
            done = await asyncio.gather(*(_drip_body(home, head) for head in (sized, chunked) * 50))
            return [took for took, _ in done], [said for _, said in done]

    with quiet_log():
        took, said = held_once_of(3, lambda: asyncio.run(act()), lambda found: max(found[0]) < 4.0)

    assert max(took) < 4.0
    assert {read(one).status for one in said} == {408}
    assert {type(read(one).json()["error"]) for one in said} == {str, dict}


async def _drip_body(home: Home, head: bytes) -> tuple[float, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    begun = monotonic()
    piece = b"1\r\n \r\n" if b"chunked" in head else b" "
    writer.write(head)
    answer = asyncio.create_task(reader.readuntil(b"}"))
    while not answer.done():
        writer.write(piece)
        await asyncio.sleep(0.05)
    writer.close()
    said = await answer
    return monotonic() - begun, said if said.count(b"{") == 1 else said + b"}"


def _connections(home: Home) -> int:
    """How many are open, at whatever address."""
    return sum(len(one.connections) for one in home.daemon._doors._listeners)  # noqa: SLF001 -- nobody else need know


def test_one_connection_too_many_is_closed_and_the_others_go_on() -> None:
    """F27: a flood of idle connections costs its own connections only, and they free their places when they leave."""

    async def act() -> tuple[int, list[bytes], int]:
        async with running(patience=Patience(connections=50)) as home:
            idle = [await asyncio.open_connection("127.0.0.1", home.port) for _ in range(49)]
            early = (await ask(home, "GET", "/api/version")).status
            await until(lambda: _connections(home) == 49)
            idle.append(await asyncio.open_connection("127.0.0.1", home.port))
            await until(lambda: _connections(home) == 50)
            refused = [await say(home, spell("GET", "/api/version", [host(home)]), wait=1.0) for _ in range(20)]
            for _, writer in idle:
                writer.close()
            await until(lambda: not _connections(home))
            return early, refused, (await ask(home, "GET", "/api/version")).status

    with quiet_log():
        early, refused, late = asyncio.run(act())

    assert (early, late) == (200, 200)
    assert not any(refused)
