"""An exchange as it should go: whole, streamed, uploaded, over TCP and Unix sockets, on both event loops."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from hearth.outbound.pool import encode_headers
from outbound.loops import Runner
from outbound.raw_server import OK, QUICK, Visit, answering, asking, chunk, chunked, get, serving, whole


def test_head_and_body_come_back_as_they_were_sent(run: Runner) -> None:
    """Status, header names, values and their order, and the body are the provider's own."""

    async def act() -> None:
        reply_bytes = b"HTTP/1.1 418 Teapot\r\nX-One: 1\r\nx-two: b\xe9\r\nContent-Length: 3\r\n\r\nabc"
        async with serving(answering(reply_bytes)) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)

            assert reply.head.status == 418
            assert reply.head.headers == (("X-One", "1"), ("x-two", "bé"), ("Content-Length", "3"))
            assert await reply.read_chunk() == b"abc"
            assert await reply.read_chunk() == b""
            assert reply.complete
            assert reply.bytes_in == len(reply_bytes)

    run(act())


def test_the_request_is_what_was_asked_for_and_nothing_else(run: Runner) -> None:
    """T23: request line, Host, framing and the given headers; connection headers somebody configured are left out."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            raw.requests.append(await visit.request())
            await visit.say(whole(b"{}"))

        headers = encode_headers(
            (("Authorization", "Bearer k"), ("Host", "evil"), ("Connection", "close"), ("TE", "x"))
        )
        async with serving(script) as raw, asking(raw) as (pool, origin):
            await pool.send(origin, "POST", "/v1/chat?x=1", headers, b"{}", limits=QUICK)

            head, body = raw.requests[0]
            assert head.split(b"\r\n") == [
                b"POST /v1/chat?x=1 HTTP/1.1",
                b"Host: 127.0.0.1:%d" % raw.port,
                b"Accept-Encoding: identity",
                b"User-Agent: " + _agent(),
                b"Authorization: Bearer k",
                b"Content-Length: 2",
                b"",
                b"",
            ]
            assert body == b"{}"

    run(act())


def _agent() -> bytes:
    return encode_headers(()).removeprefix(b"User-Agent: ").strip()


def test_pieces_are_handed_on_as_they_arrive(run: Runner) -> None:
    """F11: a piece is read when it is there, not when the reply is whole."""

    async def act() -> None:
        go = asyncio.Event()

        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"one"))
            await go.wait()
            await visit.say(chunk(b"two") + b"0\r\n\r\n")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "POST", "/", body=b"{}", limits=QUICK)

            assert await reply.read_chunk() == b"one"
            assert not reply.complete
            go.set()
            assert await reply.read_chunk() == b"two"
            assert await reply.read_chunk() == b""

    run(act())


@pytest.mark.skipif(sys.platform == "win32", reason="asyncio has no Unix sockets there")
def test_a_unix_socket_serves_like_a_port(run: Runner, tmp_path: Path) -> None:
    """A provider may listen on a Unix socket; its connections are pooled too."""

    async def act() -> None:
        async with (
            serving(answering(whole(b"hi")), path=tmp_path / "s") as raw,
            asking(raw, mode="offline") as (pool, origin),
        ):
            assert await get(pool, origin) == b"hi"
            assert await get(pool, origin) == b"hi"

            assert raw.visits == 1
            assert pool.stats.reuses == 1

    run(act())


def test_a_head_request_has_no_body(run: Runner) -> None:
    """HEAD ends with its headers though they announce a length; llhttp would wait for the body for ever."""

    async def act() -> None:
        async with serving(answering(OK + b"Content-Length: 500\r\n\r\n")) as raw, asking(raw) as (pool, origin):
            for _ in range(2):
                reply = await pool.send(origin, "HEAD", "/", limits=QUICK)

                assert await reply.read_all(10) == b""
                assert reply.complete

    run(act())


@pytest.mark.parametrize(
    "head", [b"204 No Content\r\n\r\n", b"204 No Content\r\nContent-Length: 9\r\n\r\n", b"304 x\r\n\r\n"]
)
def test_a_reply_without_body_ends_with_its_head(head: bytes) -> None:
    """204 and 304 never have a body, whatever their headers say."""

    async def act() -> None:
        async with serving(answering(b"HTTP/1.1 " + head)) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b""
            assert await get(pool, origin) == b""

    asyncio.run(act())


def test_interim_messages_are_passed_over() -> None:
    """A few 1xx messages before the reply are no reply."""

    async def act() -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        async with serving(answering(interim + whole(b"real"))) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)

            assert reply.head.status == 200
            assert [name for name, _ in reply.head.headers] == ["Content-Type", "Content-Length"]
            assert await reply.read_all(10) == b"real"

    asyncio.run(act())


def test_a_body_that_ends_with_the_connection_says_so(run: Runner) -> None:
    """F6: without length or chunks a cut reply looks like a whole one: `eof_delimited` warns the dialect's reader."""

    async def act() -> None:
        async def script(visit: Visit) -> None:
            await visit.request()
            await visit.say(OK + b"\r\nhalf of it")

        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", limits=QUICK)

            assert await reply.read_all(100) == b"half of it"
            assert reply.eof_delimited
            assert reply.complete

    run(act())


def test_a_chunked_body_is_decoded(run: Runner) -> None:
    """Chunk framing, extensions and trailers are the wire's, not the body's."""

    async def act() -> None:
        body = OK + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"
        async with serving(answering(body, chunked(b"d", b"ef"))) as raw, asking(raw) as (pool, origin):
            assert await get(pool, origin) == b"abc"
            assert await get(pool, origin) == b"def"
            assert raw.visits == 1

    run(act())
