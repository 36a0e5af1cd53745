"""Whoever is let in while the daemon stops hears of it: an answer, or an end, and never silence."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest

from hearth_home import running

CALLERS = 5
HEARS_S = 5.0


def _caller(port: int) -> socket.socket:
    """A client that has asked for something."""
    caller = socket.create_connection(("127.0.0.1", port), timeout=HEARS_S)
    caller.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return caller


def _heard(caller: socket.socket) -> bytes:
    """The first that it hears: a head, or b"" for the end. Raises TimeoutError where that is nothing."""
    with caller:
        try:
            return caller.recv(12)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("rounds", range(7))
def test_who_was_just_let_in_hears_an_answer_or_the_end(rounds: int) -> None:
    """F35: however far asyncio's loop has come with a connection when the doors close, its client is not left alone."""

    async def scene() -> list[bytes]:
        with contextlib.ExitStack() as opened:
            async with running() as home:
                callers = [opened.enter_context(_caller(home.port)) for _ in range(CALLERS)]
                for _ in range(rounds):
                    await asyncio.sleep(0)
            return [_heard(caller) for caller in callers]

    assert set(asyncio.run(scene())) <= {b"HTTP/1.1 200", b""}
