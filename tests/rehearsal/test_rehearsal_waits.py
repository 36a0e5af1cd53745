"""Faults in time: what comes late, never, or is not even read; and how the client's patience is seen."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from hearth.rehearsal import Fault, Rehearsal
from promised_times import held_once_of
from rehearsal.raw_client import chat_body, connected, head, read, read_head

T = TypeVar("T")


def play(act: Callable[[Rehearsal], Awaitable[T]], *faults: Fault) -> T:
    async def run() -> T:
        async with Rehearsal() as rehearsal:
            rehearsal.next(*faults)
            return await asyncio.wait_for(act(rehearsal), 40)

    return asyncio.run(run())


def request(*, stream: bool = True) -> bytes:
    return head("POST", "/api/chat", [("Host", "127.0.0.1")], json.dumps(chat_body(stream=stream)).encode())


def test_delays_are_where_they_were_planned() -> None:
    """A late head keeps everything back, a late token only the body."""

    async def act(rehearsal: Rehearsal) -> list[float]:
        times = []
        for _ in range(2):
            async with connected(rehearsal) as (reader, writer):
                began = time.monotonic()
                writer.write(request())
                await read_head(reader)
                times.append(time.monotonic() - began)
                await reader.readuntil(b"\n")
                await reader.readuntil(b"\n")
                times.append(time.monotonic() - began)
        return times

    def scene() -> list[float]:
        return play(act, Fault.late_head(0.2), Fault.late_token(0.2))

    late_head, late_body, early_head, late_token = held_once_of(3, scene, lambda times: times[2] < 0.15)

    assert late_head >= 0.2
    assert late_body >= 0.2
    assert early_head < 0.15
    assert late_token >= 0.2


def test_a_stall_is_seen_as_a_hang_up_when_the_client_gives_up() -> None:
    """After two objects nothing comes; the client leaves and the rehearsal says when."""

    async def act(rehearsal: Rehearsal) -> float:
        async with connected(rehearsal) as (reader, writer):
            writer.write(request())
            await read_head(reader)
            for _ in range(4):
                await reader.readuntil(b"\n")
        left = time.monotonic()
        call = await rehearsal.wait_for_hangup(20)
        return (call.hung_up_at or 0.0) - left

    seconds = held_once_of(3, lambda: play(act, Fault.stall(after=2)), lambda seconds: seconds < 0.5)

    assert 0 <= seconds < 0.5


def test_never_answering_is_ended_by_the_client_alone() -> None:
    """The request is read and recorded, no byte comes back."""

    async def act(rehearsal: Rehearsal) -> tuple[bytes, int]:
        async with connected(rehearsal) as (reader, writer):
            writer.write(request())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.2)
        call = await rehearsal.wait_for_hangup(20)
        return call.body, call.bytes_sent

    body, sent = play(act, Fault.never())

    assert json.loads(body)["model"] == "scripted"
    assert sent == 0


def test_a_deaf_server_accepts_and_never_reads() -> None:
    """A large request stays in the sockets' buffers; nothing is recorded."""

    async def act(rehearsal: Rehearsal) -> int:
        async with connected(rehearsal) as (_, writer):
            writer.write(b"POST /api/chat HTTP/1.1\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 20_000_000)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(writer.drain(), 0.3)
            writer.transport.abort()
        return len(rehearsal.calls)

    assert play(act, Fault.never_read()) == 0


def test_a_kept_connection_is_closed_when_idle() -> None:
    """The reply promises keep-alive; the connection ends soon after it."""

    async def act(rehearsal: Rehearsal) -> tuple[str, bytes]:
        async with connected(rehearsal) as (reader, writer):
            writer.write(request(stream=False))
            answer = await read(reader)
            return answer.header("Connection"), await reader.read()

    assert play(act, Fault.close_idle(0.05)) == ("", b"")
