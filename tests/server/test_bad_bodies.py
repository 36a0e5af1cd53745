"""Bodies that are too large, too deep, broken, or not what they say: a clean 4xx in the caller's own envelope."""

from __future__ import annotations

import asyncio
import zlib
from time import monotonic

import pytest

from hearth.rehearsal import Rehearsal
from hearth_home import Home, beside, running
from promised_times import held_once_of
from server.door import JSON, Answer, admin, ask, host, quiet_log, read, say, say_by_socket, spell

SMALL = '[listen]\ntcp = "127.0.0.1:0"\nbody_limit = "64kB"\n'
OLLAMA = ("/api/chat", "/api/generate", "/api/embed", "/api/embeddings", "/api/show", "/api/pull", "/api/create")
OPENAI = ("/v1/chat/completions", "/v1/completions", "/v1/embeddings")
CONTROL = ("/hearth/v1/explain", "/hearth/v1/models/load")
ALL = (*OLLAMA, *OPENAI, *CONTROL)

BROKEN = {
    "100,000 open brackets": b"[" * 100_000,
    "100,000 open braces": b'{"a":' * 100_000,
    "65 levels": b'{"model":"scripted","x":' + b"[" * 65 + b"]" * 65 + b"}",
    "cut in a string": b'{"model":"scri',
    "cut after a member": b'{"model":"scripted",',
    "Latin-1": b'{"model":"scripted","prompt":"\xe9"}',
    "half a character": b'{"model":"scripted","prompt":"\xe2\x82"}',
    "a surrogate in UTF-8": b'{"model":"scripted","prompt":"\xed\xa0\x80"}',
    "UTF-16": '{"model":"scripted"}'.encode("utf-16"),
    "NaN": b'{"model":"scripted","temperature":NaN}',
    "Infinity": b'{"model":"scripted","temperature":-Infinity}',
    "a lone surrogate": b'{"model":"scripted","prompt":"\\ud800"}',
    "a lone surrogate in a name": b'{"model":"scripted","\\ud800":1}',
    "NUL in a string": b'{"model":"scri\x00pted"}',
    "NUL between members": b'{"model":"scripted"\x00}',
    "single quotes": b"{'model':'scripted'}",
    "a comment": b'{"model":"scripted" /* this */}',
    "two commas": b'{"model":"scripted",,}',
    "leading zero": b'{"model":"scripted","seed":007}',
    "an array": b"[]",
    "a string": b'"scripted"',
    "a number": b"5",
    "null": b"null",
    "not JSON": b"model=scripted&prompt=hello",
    "a number for a name": b'{"model":5}',
    "a list for a name": b'{"model":["scripted"]}',
    "binary": bytes(range(256)),
}


def _is_error(path: str, answer: Answer) -> bool:
    """Whether the error stands in the envelope that clients of this path read."""
    error = answer.json()["error"]
    if path.startswith("/v1"):
        return isinstance(error, dict) and {"message", "type", "param", "code"} <= error.keys()
    return isinstance(error, dict) and "next_step" in error if path.startswith("/hearth") else isinstance(error, str)


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_body_is_a_400_in_the_callers_own_envelope(case: str) -> None:
    """F30, T25: on every route that reads JSON; nothing is asked upstream, and no fault of ours is logged."""

    async def act() -> tuple[dict[str, Answer], list[str]]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            before = len(ollama.calls)
            asked = [ask(home, "POST", path, [JSON, admin(home)], BROKEN[case]) for path in ALL]
            answers = dict(zip(ALL, await asyncio.gather(*asked), strict=True))
            return answers, [call.path for call in ollama.calls[before:]]

    with quiet_log():
        answers, reached = asyncio.run(act())

    for path, answer in answers.items():
        assert answer.status == 400, (path, answer)
        assert _is_error(path, answer), (path, answer)
        assert b"Traceback" not in answer.body
    assert not reached


def test_a_wrong_type_names_the_member() -> None:
    """F30: what is wrong is said by name, so that a user can find it."""
    wrong = {
        "/api/chat": (b'{"model":"scripted","messages":7}', "messages"),
        "/api/generate": (b'{"model":"scripted","prompt":[]}', "prompt"),
        "/v1/chat/completions": (b'{"model":"scripted","messages":[],"stream":"yes"}', "stream"),
        "/hearth/v1/explain": (b'{"model":"scripted","mode":"sideways"}', "mode"),
    }

    async def act() -> None:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            for path, (body, name) in wrong.items():
                answer = await ask(home, "POST", path, [admin(home)], body)
                assert (answer.status, name in answer.body.decode()) == (400, True), answer

    with quiet_log():
        asyncio.run(act())


HUGE = b"9" * 5000
ODD = {
    "5,000 digits": b'{"model":"scripted","messages":[],"prompt":"","options":{"seed":%b}}' % HUGE,
    "5,000 digits for a limit": b'{"model":"scripted","messages":[],"prompt":"","max_tokens":%b}' % HUGE,
    "5,000 digits for a time": b'{"model":"scripted","messages":[],"prompt":"","keep_alive":%b}' % HUGE,
    "5,000 decimals": b'{"model":"scripted","messages":[],"prompt":"","temperature":0.%b}' % HUGE,
    "a large exponent": b'{"model":"scripted","messages":[],"prompt":"","temperature":1e999}',
    "a byte order mark": b'\xef\xbb\xbf{"model":"scripted","messages":[],"prompt":""}',
    "the same name twice": b'{"model":"nobody","model":"scripted","messages":[],"prompt":""}',
    "an empty name": b'{"model":"scripted","":1,"messages":[],"prompt":""}',
    "an escaped NUL": b'{"model":"scri\\u0000pted","messages":[],"prompt":""}',
    "a very long name": b'{"model":"%b","messages":[],"prompt":""}' % (b"a" * 30000),
    "line separators": '{"model":"scripted\u2028","messages":[],"prompt":"\u2029"}'.encode(),
}


def test_a_request_for_vectors_of_nothing_is_told_what_to_send() -> None:
    """It has texts, not turns and messages."""

    async def scene() -> Answer:
        async with Rehearsal() as near, running(beside(near)) as home:
            return await ask(home, "POST", "/v1/embeddings", (JSON,), b'{"model":"embedder","input":[]}')

    answer = asyncio.run(scene())

    assert answer.status == 400
    assert b"input holds no text." in answer.body


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_is_answered_without_a_fault_of_ours(case: str) -> None:
    """F30: numbers without end, names twice or with NUL, a byte order mark: read or refused, never a 500 of ours."""

    async def act() -> list[Answer]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            paths = (*OLLAMA[:5], *OPENAI, *CONTROL)
            return await asyncio.gather(*(ask(home, "POST", path, [admin(home)], ODD[case]) for path in paths))

    with quiet_log():
        answers = asyncio.run(act())

    assert not [answer for answer in answers if answer.status == 500 or b"Hearth failed" in answer.body]


def test_of_two_members_of_one_name_the_last_counts_everywhere() -> None:
    """F30, T10: what was judged is what is sent; the other one reaches nobody."""
    body = b'{"model":"secret:cloud","model":"scripted","messages":[{"role":"user","content":"Hi"}],"stream":false}'

    async def act() -> list[bytes]:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            assert (await ask(home, "POST", "/api/chat", [], body)).status == 200
            return [call.body for call in ollama.calls if call.path == "/api/chat"]

    bodies = asyncio.run(act())

    assert bodies
    assert not [sent for sent in bodies if b"secret" in sent]


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    """F29: declared or in chunks, by TCP and by the socket: 413 in the caller's envelope, and the connection closed."""

    async def act() -> None:
        async with running(SMALL) as home:
            await asyncio.gather(*(_is_too_large(home, path) for path in (*OLLAMA, *OPENAI)))
            orders = spell("POST", CONTROL[0], [host(home), admin(home), ("Content-Length", str(10**8))])
            assert read(await say(home, orders, wait=0.3)).status == 413
            by_socket = spell("POST", "/api/chat", [("Host", "localhost"), ("Content-Length", str(10**8))])
            assert read(await say_by_socket(home, by_socket, wait=0.3)).status == 413

    with quiet_log():
        asyncio.run(act())


async def _is_too_large(home: Home, path: str) -> None:
    declared = spell("POST", path, [host(home), ("Content-Length", str(10**8))])
    chunked = spell("POST", path, [host(home), ("Transfer-Encoding", "chunked")]) + b"8000\r\n"
    early = read(await say(home, declared, wait=0.5))
    grown = read(await say(home, chunked, b"x" * 0x8000 + b"\r\n8001\r\n" + b"x" * 0x8001, wait=0.5))

    for answer in (early, grown):
        assert answer.status == 413, (path, answer)
        assert _is_error(path, answer)
        assert answer.headers["connection"] == "close"


def test_a_body_at_the_limit_is_read() -> None:
    """F29: the limit itself is allowed, one byte more is not, whichever way it is sent."""

    async def act() -> list[int]:
        async with Rehearsal() as ollama, running(beside(ollama, SMALL)) as home:
            whole = b'{"model":"nobody","prompt":"%b"}'
            full = whole % (b"x" * (64000 - len(whole) + 2))
            return [
                (await ask(home, "POST", "/api/generate", [], full)).status,
                (await ask(home, "POST", "/api/generate", [], full + b" ")).status,
                await _in_chunks(home, full),
                await _in_chunks(home, full + b" "),
            ]

    assert asyncio.run(act()) == [404, 413, 404, 413]


async def _in_chunks(home: Home, body: bytes) -> int:
    head = spell("POST", "/api/generate", [host(home), ("Transfer-Encoding", "chunked"), ("Connection", "close")])
    pieces = [body[at : at + 4000] for at in range(0, len(body), 4000)]
    data = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return read(await say(home, head + data, wait=3.0)).status


def test_many_tiny_chunks_are_one_body() -> None:
    """T25: 100,000 chunks of a byte are read in a moment, and do not hold up anybody else."""

    async def act() -> tuple[int, float]:
        async with running() as home:
            head = spell("POST", "/api/chat", [host(home), ("Transfer-Encoding", "chunked"), ("Connection", "close")])
            flood = asyncio.create_task(say(home, head + b"1\r\n \r\n" * 100_000 + b"0\r\n\r\n", wait=20.0))
            worst = 0.0
            while not flood.done():
                begun = monotonic()
                await ask(home, "GET", "/api/version")
                worst = max(worst, monotonic() - begun)
            return read(await flood).status, worst

    status, worst = held_once_of(3, lambda: asyncio.run(act()), lambda found: found[1] < 2.0)

    assert status == 400
    assert worst < 2.0


@pytest.mark.parametrize("piece", [b"[1,2,3],", b"[],", b'{"a":{}},', b'"\\"[",'])
def test_a_wide_body_does_not_hold_up_others(piece: bytes) -> None:
    """T25, F37: 8 MB of small arrays, as embeddings of tokens are, cost moments and not seconds."""
    body = b'{"model":"embedder","input":[' + piece * (8_000_000 // len(piece)) + b"[1]]}"

    async def act() -> float:
        async with running() as home:
            large = asyncio.create_task(ask(home, "POST", "/api/embed", [], body))
            worst = 0.0
            while not large.done():
                begun = monotonic()
                await ask(home, "GET", "/api/version")
                worst = max(worst, monotonic() - begun)
            assert 400 <= (await large).status < 503
            return worst

    with quiet_log():
        assert held_once_of(3, lambda: asyncio.run(act()), lambda worst: worst < 2.0) < 2.0


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "x-gzip", "gzip, identity", "zstd, gzip", "\udcff"])
def test_a_compressed_body_is_not_unpacked(coding: str) -> None:
    """T25: 20 kB that would become 20 MB are refused unread."""
    bomb = zlib.compress(b'{"model":"' + b"a" * 20_000_000)

    async def act() -> list[Answer]:
        async with running() as home:
            return [await ask(home, "POST", path, [("Content-Encoding", coding), admin(home)], bomb) for path in ALL]

    with quiet_log():
        answers = asyncio.run(act())

    assert {answer.status for answer in answers} == {415}


@pytest.mark.parametrize("kind", ["application/json; charset=bogus", "application/json; charset=utf-16", "x", "\udcff"])
def test_the_content_type_is_not_asked_how_to_read_json(kind: str) -> None:
    """F30: JSON is UTF-8, whatever a header calls it."""

    async def act() -> int:
        async with Rehearsal() as ollama, running(beside(ollama)) as home:
            body = b'{"model":"scripted","prompt":"Hello there","stream":false}'
            return (await ask(home, "POST", "/api/generate", [("Content-Type", kind)], body)).status

    assert asyncio.run(act()) == 200
