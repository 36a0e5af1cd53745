"""What is no proper HTTP: smuggling, floods, other protocols. Each gets a 4xx, and nothing of it is logged."""

from __future__ import annotations

import asyncio
import logging
import re

import pytest

from hearth.rehearsal import Rehearsal
from hearth_home import Home, beside, running
from server.door import JSON, Answer, ask, host, quiet_log, read, say, spell

SECRET = "my darkest secret"
BODY = b'{"model":"scripted","stream":false,"messages":[{"role":"user","content":"Hello there"}]}'
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
TLS_HELLO = bytes.fromhex("160301020001000100fc0303") + bytes(64)

SMUGGLED = {
    "length and chunks": (["Content-Length: 5", "Transfer-Encoding: chunked"], CHUNKS),
    "chunks and length": (["Transfer-Encoding: chunked", "Content-Length: 5"], CHUNKS),
    "two lengths": (["Content-Length: 5", "Content-Length: 6"], b"hello"),
    "two equal lengths": (["Content-Length: 5", "Content-Length: 5"], b"hello"),
    "list of lengths": (["Content-Length: 5, 5"], b"hello"),
    "length with a sign": (["Content-Length: +5"], b"hello"),
    "negative length": (["Content-Length: -5"], b"hello"),
    "hexadecimal length": (["Content-Length: 0x5"], b"hello"),
    "length with an underscore": (["Content-Length: 1_0"], b"hellohello"),
    "endless length": (["Content-Length: " + "9" * 400], b"hello"),
    "unknown coding": (["Transfer-Encoding: xchunked"], CHUNKS),
    "chunked not last": (["Transfer-Encoding: chunked, identity"], CHUNKS),
    "chunked twice": (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], CHUNKS),
    "vertical tab before chunked": (["Transfer-Encoding: \x0bchunked"], CHUNKS),
    "blank before the colon": (["Content-Length : 5"], b"hello"),
    "folded header": (["X-Folded: a", " Content-Length: 5"], b""),
    "header without a name": ([": 5"], b""),
    "header without a colon": (["nonsense"], b""),
    "control character": (["X-Bad: a\x01b"], b""),
    "NUL in a header": (["X-Bad: a\x00b"], b""),
    "bare carriage return": (["X-Bad: a\rX-Smuggled: b"], b""),
    "bad chunk size": (["Transfer-Encoding: chunked"], b"zz\r\nhello\r\n0\r\n\r\n"),
    "chunk size with a sign": (["Transfer-Encoding: chunked"], b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size with an underscore": (["Transfer-Encoding: chunked"], b"1_0\r\nhellohellohello1\r\n0\r\n\r\n"),
    "chunk longer than said": (["Transfer-Encoding: chunked"], b"2\r\nhello\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("case", SMUGGLED)
def test_ambiguous_lengths_are_refused(case: str) -> None:
    """T23, F31: whoever could read them in two ways reads them in none; nobody upstream hears of it."""
    lines, body = SMUGGLED[case]

    async def act() -> tuple[Answer, list[str]]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            before = len(ollama.calls)
            head = "\r\n".join(["POST /api/chat HTTP/1.1", f"Host: 127.0.0.1:{home.port}", *lines, "", ""])
            data = await say(home, head.encode("latin-1") + body, wait=2.0)
            return read(data), [call.path for call in ollama.calls[before:]]

    with quiet_log():
        answer, reached = asyncio.run(act())

    assert answer.status in (400, 413)
    assert isinstance(answer.json()["error"], str)
    assert not reached


NO_HTTP = {
    "TLS hello": TLS_HELLO,
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3.7": b"GET / HTTP/3.7\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "blank in the path": b"GET /a b HTTP/1.1\r\n\r\n",
    "lower-case protocol": b"GET / http/1.1\r\n\r\n",
    "bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\n\r\n",
    "NUL in the path": b"GET /\x00 HTTP/1.1\r\n\r\n",
    "binary": bytes(range(128, 256)) + b"\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "memcached": b"stats\r\n\r\n",
}


@pytest.mark.parametrize("case", NO_HTTP)
def test_other_protocols_are_told_what_is_spoken_here(case: str) -> None:
    """F31: one clean 400 and a closed connection."""

    async def act() -> Answer:
        async with running() as home:
            return read(await say(home, NO_HTTP[case], wait=2.0))

    with quiet_log():
        answer = asyncio.run(act())

    assert answer.status == 400
    assert "HTTP/1.1" in str(answer.json()["error"])


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ([("X-Long", "a" * 65536)], "/api/tags"),
        ([(f"X-{number}", "a") for number in range(200)], "/api/tags"),
        ([], "/api/tags?" + "a" * 65536),
        ([("Cookie", "a" * 20000)], "/v1/models"),
    ],
    ids=["64 KiB header", "200 headers", "64 KiB path", "20 kB cookie"],
)
def test_a_flooded_head_is_refused(headers: list[tuple[str, str]], path: str) -> None:
    """F28: before it fills memory, and without a word in the log."""

    async def act() -> int:
        async with running() as home:
            return (await ask(home, "GET", path, headers)).status

    with quiet_log():
        status = asyncio.run(act())

    assert 400 <= status < 500


def test_what_could_not_be_read_is_neither_echoed_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    """T16, F31: a broken request may hold a prompt; not even at the most talkative level does a byte of it show."""

    async def act() -> list[bytes]:
        async with running() as home:
            chunked = spell("POST", "/api/chat", [host(home), ("Transfer-Encoding", "chunked")])
            return [
                await say(home, chunked + SECRET.encode() + b"\r\n", wait=2.0),
                await say(home, chunked, SECRET.encode() + b"\r\n", wait=2.0),
                await say(home, f"{SECRET} / HTTP/1.1\r\n\r\n".encode(), wait=2.0),
                await say(home, spell("GET", "/", [host(home), ("X Bad", SECRET)]), wait=2.0),
            ]

    with caplog.at_level(logging.DEBUG):
        replies = asyncio.run(act())

    assert all(read(reply).status == 400 for reply in replies)
    assert not [reply for reply in replies if b"secret" in reply]
    assert "secret" not in caplog.text


def test_a_body_that_breaks_off_ends_the_call_at_once() -> None:
    """T23, F26: chunks that turn out to be none are a 400 in the caller's dialect, not a wait for the rest."""

    async def act() -> list[bytes]:
        async with Rehearsal() as engine, running(beside(engine)) as home:
            paths = ("/api/chat", "/v1/chat/completions", "/api/blobs/sha256:" + "0" * 64)
            heads = [spell("POST", path, [host(home), ("Transfer-Encoding", "chunked")]) for path in paths]
            return [await say(home, head, b'5\r\n{"mod\r\n', b"zz\r\n", wait=2.0) for head in heads]

    with quiet_log():
        ollama, openai, blob = asyncio.run(act())

    assert all(reply.count(b"HTTP/1.") == 1 for reply in (ollama, openai, blob))
    assert (read(ollama).status, read(openai).status, read(blob).status) == (400, 400, 400)
    assert isinstance(read(ollama).json()["error"], str)
    assert isinstance(read(openai).json()["error"], dict)


def test_requests_that_come_all_at_once_are_answered_in_order() -> None:
    """F31: pipelining is plain HTTP; each request is guarded by itself."""

    async def act() -> bytes:
        async with running() as home:
            first = spell("GET", "/api/version", [host(home)])
            second = spell("GET", "/nowhere", [host(home)])
            third = spell("GET", "/api/version", [("Host", "evil.example")])
            return await say(home, first + second + third + first, wait=2.0)

    with quiet_log():
        found = asyncio.run(act())

    assert re.findall(rb"HTTP/1\.1 (\d+)", found) == [b"200", b"404", b"421"]


def test_a_request_hidden_in_a_body_is_never_answered() -> None:
    """T23: the bytes of a body are a body, also where the answer comes before they are read."""

    async def act() -> list[bytes]:
        async with running() as home:
            hidden = spell("GET", "/api/version", [host(home)])
            carriers = [("POST", "/nowhere"), ("GET", "/api/tags"), ("DELETE", "/api/chat"), ("POST", "/api/chat")]
            return [await say(home, spell(one, path, [host(home)], hidden), wait=0.3) for one, path in carriers]

    with quiet_log():
        found = asyncio.run(act())

    assert [reply.count(b"HTTP/1.1 ") for reply in found] == [1, 1, 1, 1]


def test_old_clients_and_upgrades_are_answered_plainly() -> None:
    """F31: HTTP/1.0 closes after its answer; an offer of h2c is passed over, with its body or without."""

    async def act() -> list[bytes]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            upgrade = [host(home), ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c")]
            return [
                await say(home, spell("GET", "/api/version", [host(home)], version="1.0")),
                await say(home, spell("POST", "/api/chat", [host(home), JSON], BODY, version="1.0")),
                await say(home, spell("GET", "/api/version", upgrade), wait=0.3),
                await say(home, spell("POST", "/api/chat", [*upgrade, JSON], BODY), wait=0.5),
            ]

    with quiet_log():
        found = asyncio.run(act())

    assert [read(reply).status for reply in found] == [200, 200, 200, 200]


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked() -> None:
    """F31: `Expect: 100-continue` gets its 100 after the guard, so that curl does not wait a second."""

    async def act() -> list[bytes]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            waiting = [("Expect", "100-continue"), ("Content-Length", str(len(BODY))), ("Connection", "close")]
            head = spell("POST", "/api/chat", [host(home), *waiting])
            stranger = spell("POST", "/api/chat", [("Host", "evil.example"), *waiting])
            lost = spell("POST", "/api/nowhere", [host(home), *waiting])
            old = spell("POST", "/api/chat", [host(home), *waiting], version="1.0")
            return [
                await say(home, head, BODY),
                await say(home, old, BODY),
                await say(home, stranger, wait=0.3),
                await say(home, lost, wait=0.3),
            ]

    with quiet_log():
        good, old, stranger, lost = asyncio.run(act())

    assert good.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert (read(old).status, b"100 Continue" in old) == (200, False)
    assert stranger.startswith(b"HTTP/1.1 421 ")
    assert lost.startswith(b"HTTP/1.1 404 ")


def test_a_client_that_leaves_in_the_middle_leaves_no_trace() -> None:
    """F20, F31: half a head, half a body, a closed end: no error is logged, and the next one is served."""

    async def act() -> int:
        async with running() as home:
            head = spell("POST", "/api/chat", [host(home), ("Content-Length", "1000")])
            await asyncio.gather(*(_hang_up(home, head[:cut]) for cut in range(0, len(head), 7)))
            await asyncio.gather(*(_hang_up(home, head + b'{"model"'[:cut]) for cut in range(8)))
            return (await ask(home, "GET", "/api/version")).status

    with quiet_log():
        assert asyncio.run(act()) == 200


async def _hang_up(home: Home, data: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", home.port)
    writer.write(data)
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.transport.abort()
