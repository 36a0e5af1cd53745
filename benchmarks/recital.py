"""One paced stream of the mock: each piece is written at its own time, in an HTTP chunk of its own."""

import asyncio
import time
from collections.abc import Callable

from shapes import Shape, piece_text
from voices import Script


class Recital:
    """Says `script` in the pace of `shape` on one connection, then calls `finished`; `stop` ends it early."""

    def __init__(self, transport: asyncio.Transport, script: Script, shape: Shape, stream: int) -> None:
        self._transport = transport
        self._script = script
        self._shape = shape
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0
        self._said = 0
        self._finished: Callable[[], None] = lambda: None

    def begin(self, finished: Callable[[], None]) -> None:
        """Start saying; the head goes out together with the first piece, as Ollama does it."""
        self._finished = finished
        self._due = time.monotonic_ns() + self._shape.first_ns
        self._go_on()

    def stop(self) -> None:
        """Say no more."""
        if self._timer:
            self._timer.cancel()

    def _go_on(self) -> None:
        while self._said < self._shape.pieces:
            wait = self._due - time.monotonic_ns()
            if wait > 0:
                self._timer = self._loop.call_later(wait / 1e9, self._go_on)
                return
            self._say()
        self._transport.write(_chunk(self._script.ending) + b"0\r\n\r\n")
        self._finished()

    def _say(self) -> None:
        script = self._script
        lead = b"" if self._said else _head(script.content_type) + _chunk(script.opening)
        text = piece_text(self._said, time.monotonic_ns(), self._stream)
        self._transport.write(lead + _chunk(script.before + text + script.after))
        self._said += 1
        self._due += self._shape.gap_ns


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def _head(content_type: bytes) -> bytes:
    return (
        b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
    ) % content_type
