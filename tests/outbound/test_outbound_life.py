"""Providers that send signs of life and no words: waited for, but not for ever."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import pytest

from dialects.openai_chat.openai_golden import BOX, delta, sse
from hearth.dialects.openai_chat import CALLED
from hearth.events import Frame
from hearth.outbound.limits import Limits
from hearth.outbound.meter import Meter
from hearth.outbound.relay import Relay
from hearth.outbound.upstream import LIFE_S
from hearth.problems import Problem, TimedOut
from outbound.raw_server import Visit, asking, chunk, serving
from promised_times import held_once_of

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = STREAM.replace(b"text/event-stream", b"application/json")


ENOUGH_S = 3.0
"""So long is a reply read whose words never end."""


class Ear:
    """A client that reads all: `flowing` once it had its first word, as a stream does."""

    def __init__(self) -> None:
        self.heard = b""
        self.committed = self.flowing = False

    def begin(self, attempt: object) -> None:
        """Nothing to forget."""

    async def take(self, frames: Sequence[Frame], *, meaningful: bool) -> None:
        self.send(frames)
        self.committed = self.flowing = self.committed or meaningful

    def send(self, frames: Sequence[Frame]) -> None:
        self.heard += b"".join(frame.raw for frame in frames)


Relayed = tuple[Problem | None, Ear, float]


def _relayed(
    pieces: Sequence[bytes], head: bytes, limits: Limits, *, again: bytes, held: Callable[[Relayed], bool]
) -> Relayed:
    """Relay a reply that begins so, and then sends `again` twenty times a second; once more where that did not hold."""
    return held_once_of(3, lambda: _relayed_once(pieces, head, limits, again=again), held)


def _soon(found: Relayed) -> bool:
    """Whether it ended when it had to."""
    return found[2] < 1.0


def _relayed_once(pieces: Sequence[bytes], head: bytes, limits: Limits, *, again: bytes) -> Relayed:
    ear = Ear()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(head + b"".join(map(chunk, pieces)))
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(0.05)
                await visit.say(chunk(again))

    async def act() -> Problem | None:
        async with serving(script) as raw, asking(raw) as (pool, origin):
            reply = await pool.send(origin, "GET", "/", b"", b"", limits=limits)
            with reply:
                reader = CALLED.reader("chat", None, BOX, reply.head)
                try:
                    await asyncio.wait_for(Relay(reply, reader, Meter(), ear, None).run(None), ENOUGH_S)
                except Problem as problem:
                    return problem
                except TimeoutError:
                    return None
        return None

    began = time.monotonic()
    problem = asyncio.run(act())
    return problem, ear, time.monotonic() - began


@pytest.mark.parametrize(
    ("head", "again"),
    [(STREAM, b": still here\n\n"), (STREAM, b":"), (JSON, b"\n"), (JSON, b" ")],
    ids=["comments", "a comment", "line ends", "spaces"],
)
def test_signs_of_life_before_the_first_word_end_in_time(head: bytes, again: bytes) -> None:
    """F12, G18: whatever keeps a connection alive, the wait for words has an end, and another may be asked."""
    problem, ear, took = _relayed((), head, Limits(first=9.0, idle=9.0, life=0.5), again=again, held=_soon)

    assert isinstance(problem, TimedOut)
    assert problem.text == "raw: sent signs of life for 1 s, and no word."
    assert not ear.committed
    assert 0.4 < took < 2.0


@pytest.mark.parametrize("again", [b": still here\n\n", b"d"], ids=["comments", "a record without end"])
def test_signs_of_life_in_mid_stream_end_in_time(again: bytes) -> None:
    """F12, pain 14: words came, then only pings: the model behind them hangs."""
    words = sse(delta(content="Hello"))

    problem, ear, took = _relayed((words,), STREAM, Limits(first=9.0, idle=9.0, life=0.5), again=again, held=_soon)

    assert isinstance(problem, TimedOut)
    assert ear.heard.startswith(words)
    assert 0.4 < took < 2.0


def test_a_first_token_that_was_given_a_time_has_it_whatever_comes_before() -> None:
    """F3: `first_token = "0.5s"` is about the token: comments do not stretch it."""
    limits = Limits(first=0.5, idle=9.0, strict=True)

    problem, _, took = _relayed((), STREAM, limits, again=b": still here\n\n", held=_soon)

    assert problem == TimedOut("no first token within 0.5 s.", who="raw")
    assert 0.4 < took < 2.0


def test_words_now_and_then_are_waited_for() -> None:
    """F11, G18: as long as words come, however slowly, nothing is given up."""
    limits = Limits(first=0.5, idle=9.0, life=0.3, strict=True)

    again = sse(delta(content="a"))
    problem, ear, _ = _relayed((), STREAM, limits, again=again, held=lambda found: found[0] is None)

    assert problem is None
    assert ear.heard.count(b'"a"') > 10


def test_by_default_signs_of_life_may_stand_for_words_as_long_as_the_sdks_wait() -> None:
    """The figure outside of tests: no model that thinks in silence for ten minutes is cut off."""
    assert Limits().life == LIFE_S == 600.0
