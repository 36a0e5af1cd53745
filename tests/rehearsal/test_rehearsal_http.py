"""The rehearsal's own HTTP server: requests in any framing, what it records, where it listens."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearth.rehearsal import ModelScript, Rehearsal
from rehearsal.raw_client import ask, chat, chat_body, connected, head, read

BODY = json.dumps(chat_body(stream=False)).encode()


def test_a_call_is_recorded_as_it_came() -> None:
    """Method, target, headers in order and case, body, times, bytes, connection."""

    async def run() -> None:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            data = head("POST", "/api/chat?x=1", [("HOST", "127.0.0.1"), ("X-Odd", "a b")], BODY)
            writer.write(data)
            await read(reader)
            writer.write(data)
            answer = await read(reader)
            call = rehearsal.calls[1]

            assert (call.method, call.path, call.body) == ("POST", "/api/chat?x=1", BODY)
            assert call.headers[:2] == (("HOST", "127.0.0.1"), ("X-Odd", "a b"))
            assert call.received_at <= (call.finished_at or 0.0)
            assert call.hung_up_at is None
            assert call.bytes_sent > len(answer.body)
            assert call.status == 200
            assert [each.connection for each in rehearsal.calls] == [1, 1]

    asyncio.run(run())


def test_a_chunked_request_body_is_read() -> None:
    """Clients upload blobs in chunks; extensions and sizes of any kind."""

    async def run() -> tuple[int, bytes]:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            writer.write(b"POST /api/chat HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(BODY), 7):
                piece = BODY[start : start + 7]
                writer.write(f"{len(piece):x};ext=1\r\n".encode() + piece + b"\r\n")
            writer.write(b"0\r\n\r\n")
            return (await read(reader)).status, rehearsal.calls[0].body

    assert asyncio.run(run()) == (200, BODY)


@settings(max_examples=20)
@given(st.lists(st.integers(1, len(BODY) + 80), max_size=12))
def test_a_request_may_be_split_anywhere(cuts: list[int]) -> None:
    """However the bytes arrive, it is the same request."""
    data = head("POST", "/api/chat", [("Host", "127.0.0.1")], BODY)

    async def run() -> bytes:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
            for start, end in itertools.pairwise(edges):
                writer.write(data[start:end])
                await asyncio.sleep(0)
            await read(reader)
            return rehearsal.calls[0].body

    assert asyncio.run(run()) == BODY


def test_a_client_that_expects_100_is_told_to_go_on() -> None:
    """Curl waits for this before it sends a large body."""

    async def run() -> bytes:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            writer.write(b"POST /api/chat HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            return await reader.readuntil(b"\r\n\r\n")

    assert asyncio.run(run()) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_pipelined_requests_are_answered_in_order() -> None:
    """The second waits for the first."""

    async def run() -> list[int]:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            writer.write(
                head("GET", "/api/nothing", [("Host", "localhost")]) + head("GET", "/", [("Host", "localhost")])
            )
            return [(await read(reader)).status for _ in range(2)]

    assert asyncio.run(run()) == [404, 200]


def test_what_is_no_http_is_refused() -> None:
    """400 and the end."""

    async def run() -> bytes:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            writer.write(b"\x16\x03\x01 hello\r\n\r\n")
            return await reader.read()

    assert asyncio.run(run()).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("text", ["{", "[]", "", '{"model": 5}', '{"model":"scripted","messages":[{"content":[]}]}'])
def test_a_broken_body_is_a_clean_400(text: str) -> None:
    """No kind of body makes the rehearsal fail."""

    async def run() -> tuple[int, list[Exception]]:
        async with Rehearsal() as rehearsal, connected(rehearsal) as (reader, writer):
            headers = [("Host", "localhost"), ("Content-Length", str(len(text)))]
            writer.write(head("POST", "/api/chat", headers) + text.encode())
            return (await read(reader)).status, rehearsal.panics

    status, panics = asyncio.run(run())

    assert status in {400, 404}
    assert not panics


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asyncio has no Unix sockets")
def test_it_listens_on_a_unix_socket(tmp_path: Path) -> None:
    """The same server behind a path."""
    path = tmp_path / "r.sock"

    async def run() -> tuple[str, int]:
        async with Rehearsal(path=path) as rehearsal:
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(head("GET", "/", [("Host", "localhost")]))
            answer = await read(reader)
            writer.close()
            return rehearsal.url, answer.status

    assert asyncio.run(run()) == (f"unix:{path}", 200)
    assert not path.exists()


def test_waiting_for_what_does_not_come_ends() -> None:
    """Observation never hangs a test."""

    async def run() -> None:
        async with Rehearsal() as rehearsal:
            await chat(rehearsal)
            with pytest.raises(TimeoutError):
                await rehearsal.wait_for_call(2, timeout=0.05)
            with pytest.raises(TimeoutError):
                await rehearsal.wait_for_hangup(0.05)

    asyncio.run(run())


def test_several_may_wait_at_once() -> None:
    """Each waiter sees the change that it waits for, whoever came first."""

    async def run() -> list[str]:
        async with Rehearsal() as rehearsal:
            waiting = [asyncio.create_task(rehearsal.wait_for_call(n, timeout=20)) for n in (2, 1)]
            await asyncio.sleep(0)
            await ask(rehearsal, "/api/version", method="GET")
            await ask(rehearsal, "/api/tags", method="GET")
            return [call.path for call in await asyncio.gather(*waiting)]

    assert asyncio.run(run()) == ["/api/tags", "/api/version"]


def test_it_may_leave_and_come_back_on_the_same_port() -> None:
    """A server that was restarted is found again; its calls are remembered, its models are no longer loaded."""

    async def run() -> list[object]:
        rehearsal = Rehearsal(port=_port_of_ones_own())
        await rehearsal.start()
        url = rehearsal.url
        await chat(rehearsal)
        await rehearsal.stop()
        with pytest.raises(ConnectionRefusedError):
            await chat(rehearsal)
        async with rehearsal:
            again = await ask(rehearsal, "/api/ps", method="GET")
            return [rehearsal.url == url, again.objects(), len(rehearsal.calls)]

    assert asyncio.run(run()) == [True, [{"models": []}], 2]


def _port_of_ones_own() -> int:
    """A free port that no system gives to others by itself, so that it is still free after it was left."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    pytest.fail("no port from 20000 to 32000 is free")


def test_the_part_may_change_while_it_is_played() -> None:
    """Other models appear at once, and a stand-in that runs for days need not remember what it was asked."""

    async def run() -> tuple[int, int]:
        async with Rehearsal(record=False) as rehearsal:
            rehearsal.rescript(models=(ModelScript(name="new"),))
            answer = await chat(rehearsal, model="new")
            return answer.status, len(rehearsal.calls)

    assert asyncio.run(run()) == (200, 0)


def test_a_client_that_leaves_after_its_answer_did_not_hang_up() -> None:
    """A finished exchange is finished, however quickly the client closes."""

    async def run() -> list[float | None]:
        async with Rehearsal() as rehearsal:
            for _ in range(50):
                await ask(rehearsal, "/api/chat", chat_body("Say nothing."))
            await asyncio.sleep(0.05)
            return [call.hung_up_at for call in rehearsal.calls]

    assert asyncio.run(run()) == [None] * 50


def test_it_starts_from_the_command_line(tmp_path: Path) -> None:
    """The first line it prints is its address; a script file says what it plays."""
    script = tmp_path / "script.json"
    script.write_text('{"version": "9.9.9", "models": [{"name": "only"}]}')
    command = [sys.executable, "-m", "hearth.rehearsal", "--port", "0", "--script", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/api/version", timeout=20) as reply:  # noqa: S310 - the address it has just printed
            said = reply.read()
        process.terminate()

    assert url.startswith("http://127.0.0.1:")
    assert said == b'{"version":"9.9.9"}'


def test_a_taken_port_is_named_with_its_holder() -> None:
    """No traceback: one line says who holds the port and what to do, and the exit is 1."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        command = [sys.executable, "-m", "hearth.rehearsal", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert f"127.0.0.1:{port} is taken by" in done.stderr
    assert str(os.getpid()) in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_that_cannot_be_read_is_named() -> None:
    """A wrong path or a wrong field is one line and exit 2, not a traceback."""
    command = [sys.executable, "-m", "hearth.rehearsal", "--script", "no/such/script.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "no/such/script.json" in done.stderr
    assert "Traceback" not in done.stderr
