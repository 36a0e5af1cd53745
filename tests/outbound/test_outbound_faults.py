"""Everything a provider can do wrong to an exchange, and what the caller is told."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.outbound.egress import Egress
from hearth.outbound.pool import Pool
from hearth.problems import BrokenReply, Problem, TimedOut, Unreachable
from outbound.raw_server import (
    OK,
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
    unheard,
    whole,
)
from promised_times import held_once_of

REPLIES = {
    "whole": whole(b'{"done":true}'),
    "chunked": chunked(b'{"a":1}\n', b'{"done":true}\n'),
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" + whole(b"after"),
}
BODIES = {"whole": b'{"done":true}', "chunked": b'{"a":1}\n{"done":true}\n', "interim": b"after"}


@pytest.mark.parametrize("form", REPLIES)
def test_a_reply_split_at_every_byte_is_the_same_reply(form: str) -> None:
    """F9, F11: how the network cuts a reply into pieces changes nothing."""
    data = REPLIES[form]

    async def act() -> None:
        async def script(visit: Visit) -> None:
            for cut in range(1, len(data)):
                await visit.request()
                await visit.say(data[:cut])
                await asyncio.sleep(0.001)
                await visit.say(data[cut:])

        async with serving(script) as raw, asking(raw) as (pool, origin):
            for _ in range(1, len(data)):
                assert await get(pool, origin) == BODIES[form]
            assert raw.visits == 1

    asyncio.run(act())


@pytest.mark.parametrize("form", REPLIES)
def test_a_reply_cut_at_every_byte_is_never_whole(form: str) -> None:
    """F6: a FIN before the last byte is an error at every place, never a short answer."""
    data = REPLIES[form]

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(data[: visit.number - 1])

        async with serving(script) as raw, asking(raw) as (pool, origin):
            for cut in range(len(data)):
                with pytest.raises((BrokenReply, Unreachable)) as failed:
                    await get(pool, origin)
                assert isinstance(failed.value, Unreachable) == (cut == 0)
                assert "closed the connection" in failed.value.message

    asyncio.run(act())


@settings(max_examples=60)
@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=12),
    cuts=st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=30),
    framed=st.booleans(),
)
def test_any_chunking_of_a_valid_reply_gives_its_body(pieces: list[bytes], cuts: list[int], framed: bool) -> None:
    """Whatever chunks a provider chooses, and wherever the network cuts them, the body is the pieces joined."""
    data = chunked(*pieces) if framed else whole(b"".join(pieces))

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            start = 0
            for cut in cuts:
                await visit.say(data[start : start + cut])
                await asyncio.sleep(0)
                start += cut
            await visit.say(data[start:])
            await visit.closed()

        async with serving(script) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b"".join(pieces)

    asyncio.run(act())


@settings(max_examples=60)
@given(data=st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail)))
def test_garbage_is_a_problem_or_a_reply_but_never_a_crash(data: bytes) -> None:
    """F9, F13: any bytes at all end in a reply or in a `ProviderProblem`."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(data)

        async with serving(script) as raw, asking(raw) as (pool, origin):
            try:
                await get(pool, origin)
            except (BrokenReply, Unreachable, TimedOut):
                return

    asyncio.run(act())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"SSH-2.0-OpenSSH_9\r\n", "not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "not HTTP"),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", "not HTTP"),
        (OK + b"Content-Length: -1\r\n\r\n", "not HTTP"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "not HTTP"),
        (OK + b"Transfer-Encoding: gzip\r\n\r\nx", "transfer encoding"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", "compressed"),
        (b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + whole(b"x"), "interim"),
        (OK + b"X: y\r\n" * 201 + b"\r\n", "headers"),
        (OK + b"X: " + b"y" * 70_000 + b"\r\n\r\n", "headers"),
        (OK + b"X: " + b"y" * 300_000, "head"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: Text/HTML\r\nContent-Length: 6\r\n\r\n<html>", "web page"),
    ],
)
def test_what_is_no_reply_of_an_api_is_refused(data: bytes, said: str) -> None:
    """F7, F13: nonsense, floods, storms, compression and captive portals are `BrokenReply`, each in its own words."""
    problem = problem_of(once(data))

    assert isinstance(problem, BrokenReply)
    assert said in problem.message
    assert problem.who == "raw"


def test_headers_up_to_the_cap_are_read() -> None:
    """F28: 200 headers are many, but allowed."""

    async def act() -> None:
        async with serving(answering(whole(b"x", b"X: y\r\n" * 198))) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            assert len(reply.head.headers) == 200

    asyncio.run(act())


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    """T11: the canary a redirect points to gets no hit, neither key nor prompt."""

    async def act() -> None:
        async with serving(answering(whole(b"stolen"))) as canary:
            to = b"Location: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n" % canary.port
            async with serving(answering(b"HTTP/1.1 %d x\r\n" % status + to)) as raw, asking(raw) as (pool, origin):
                with pytest.raises(BrokenReply, match=f"redirect .status {status}"):
                    await pool.send(origin, "POST", "/", body=b"prompt", limits=QUICK)

            assert canary.visits == 0

    asyncio.run(act())


@pytest.mark.parametrize("after", [0, 1, 40, len(OK) + 30])
def test_a_reset_is_told_apart_from_an_end(after: int) -> None:
    """F5: a RST before, in and after the head is an error within a second."""
    data = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"abc")

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(data[:after])
        await asyncio.sleep(0.05)
        visit.reset()

    def scene() -> tuple[Problem, float]:
        began = time.monotonic()
        return problem_of(script), time.monotonic() - began

    problem, seconds = held_once_of(3, scene, lambda found: found[1] < 1.0)

    assert isinstance(problem, Unreachable if after == 0 else BrokenReply)
    assert "reset the connection" in problem.message
    assert seconds < 1.0


def test_a_reset_does_not_end_a_body_that_ends_with_the_connection() -> None:
    """F5, F6: where only the closed connection marks the end, a RST is no end."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(OK + b"\r\nhalf")
        await asyncio.sleep(0.05)
        visit.reset()

    assert isinstance(problem_of(script), BrokenReply)


def test_what_arrived_before_a_failure_is_read_first() -> None:
    """F5: the tokens a provider sent before it died are not lost."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"so far"))

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)
            await asyncio.sleep(0.05)

            assert await reply.read_chunk() == b"so far"
            with pytest.raises(BrokenReply, match="middle of the reply"):
                await reply.read_chunk()

    asyncio.run(act())


def test_nobody_listening_is_said_atonce() -> None:
    """F1: refused within a second, with the address and what to do."""

    async def act() -> float:
        with unheard() as address:
            pool = Pool(Egress("any"))
            began = time.monotonic()
            with pytest.raises(Unreachable) as failed:
                await get(pool, pool.origin(address, who="raw", place="machine"))
            seconds = time.monotonic() - began
            await pool.aclose()

        assert failed.value.message == f"connection refused at 127.0.0.1:{address.port}."
        assert "Is it running?" in failed.value.next_step
        return seconds

    assert held_once_of(3, lambda: asyncio.run(act()), lambda seconds: seconds < 1.0) < 1.0
