"""Pauses that faults make and a test ends: nobody need guess how long what happens meanwhile will take."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from hearth.rehearsal import Fault, Rehearsal
from rehearsal.raw_client import chat_body, connected, head

T = TypeVar("T")
LONG_S = 60.0
FOREVER = [Fault.late_head(LONG_S), Fault.late_token(LONG_S), Fault.stall(LONG_S)]


def play(act: Callable[[Rehearsal], Awaitable[T]]) -> T:
    async def run() -> T:
        async with Rehearsal() as rehearsal:
            return await asyncio.wait_for(act(rehearsal), LONG_S / 2)

    return asyncio.run(run())


@pytest.mark.parametrize("fault", FOREVER, ids=["head", "token", "stall"])
def test_a_pause_is_over_when_it_is_ended(fault: Fault) -> None:
    """A head, a first token or the rest of an answer that would be a minute late comes at once, and is whole."""

    async def act(rehearsal: Rehearsal) -> bytes:
        rehearsal.next(fault)
        async with connected(rehearsal) as (reader, writer):
            asked = json.dumps(chat_body(stream=True)).encode()
            writer.write(head("POST", "/api/chat", [("Host", "127.0.0.1")], asked))
            await rehearsal.wait_for_call()
            rehearsal.pauses.end()
            return await reader.readuntil(b"0\r\n\r\n")

    assert b'"done":true' in play(act)
