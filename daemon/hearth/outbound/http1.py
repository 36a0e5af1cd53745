"""One HTTP/1.1 connection to a provider: requests out, replies in, through llhttp, with every limit it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from math import inf
from typing import Protocol, cast

import httptools

from hearth.call import Place
from hearth.dialects.dialect import Head
from hearth.outbound.limits import Limits
from hearth.outbound.reply import HIGH_WATER, Reply
from hearth.problems import BrokenReply, Problem, Unreachable

MAX_HEADERS = 200
MAX_HEAD_BYTES = 64 * 1024
MAX_INTERIM = 16
"""1xx messages before a reply; more are a storm (F13)."""
SLICE = 256 * 1024
"""A larger body is written in slices of this size, each waiting for room."""


class Owner(Protocol):
    """Who keeps a connection between exchanges."""

    def idle(self, connection: Connection) -> None:
        """The exchange is over and the connection may be used again."""
        ...

    def lost(self, connection: Connection) -> None:
        """The connection is not to be used again."""
        ...


class Connection(asyncio.Protocol):
    """One connection, used for one exchange at a time. A deadline is a number compared by one timer that is re-armed lazily."""

    __slots__ = (
        "_bodiless", "_done", "_head_bytes", "_headers", "_interim", "_keep", "_owner", "_parser", "_refused", "_reply",
        "_timer", "_timer_at", "_transport", "_write_paused", "address", "answered", "closed", "connect_ms", "deadline",
        "exchanges", "keep_alive", "loop", "lost", "paused", "place", "who",
    )  # fmt: skip

    def __init__(self, owner: Owner, who: str, place: Place, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.who = who
        self.place: Place = place
        self.address = ""
        self.connect_ms = 0.0
        self.exchanges = 0
        self.answered = False
        """Whether a byte has come back in the current exchange."""
        self.closed = False
        self.lost: asyncio.Future[None] = loop.create_future()
        """Done when nothing is left of the connection."""
        self.paused = False
        self.deadline = inf
        self.keep_alive = inf
        """Seconds the provider says it keeps an unused connection."""
        self._owner = owner
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._write_paused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._reply: Reply | None = None
        self._headers: list[tuple[str, str]] = []
        self._head_bytes = 0
        self._interim = 0
        self._bodiless = False
        self._done = False
        self._keep = False
        self._refused = ""

    # One exchange.

    def begin(self, who: str, limits: Limits, *, bodiless: bool) -> Reply:
        """Make ready for the next reply; `bodiless` says that it has a head only (HEAD)."""
        reply = self._reply = Reply(self, who, limits)
        reply.address = self.address
        reply.reused = self.exchanges > 0
        reply.connect_ms = None if reply.reused else self.connect_ms
        self.who = who
        self.exchanges += 1
        self.deadline = inf
        self._headers = []
        self._head_bytes = self._interim = 0
        self._bodiless = bodiless
        self._done = self.answered = False
        return reply

    async def write(self, reply: Reply, head: bytes, body: bytes) -> None:
        """Send head and body, in one write where they are small, else in slices as the provider takes them."""
        if len(body) <= SLICE:
            self._put(reply, head + body)
            return
        self._put(reply, head)
        view = memoryview(body)
        for start in range(0, len(view), SLICE):
            if not await self._has_room(reply):
                return
            self._put(reply, view[start : start + SLICE])

    async def write_stream(self, reply: Reply, head: bytes, pieces: AsyncIterator[bytes], length: int | None) -> None:
        """Send head and a body as it comes: of `length` bytes, or chunked if that is None. Stops early if the reply begins."""
        self._put(reply, head)
        reply.uploading = True
        sent = 0
        async for piece in pieces:
            if not piece:
                continue
            sent += len(piece)
            if length is not None and sent > length:
                raise ValueError("the body is longer than was said")
            if not await self._has_room(reply):
                return
            self._put(reply, piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
        if length is not None and sent < length:
            raise ValueError("the body is shorter than was said")
        if length is None:
            self._put(reply, b"0\r\n\r\n")
        reply.uploading = False

    def _put(self, reply: Reply, data: bytes | memoryview) -> None:
        transport = self._transport
        if transport is None or self.closed:
            reply.fail(self._cut(reply, None))
            return
        reply.bytes_out += len(data)
        transport.write(data)

    async def _has_room(self, reply: Reply) -> bool:
        reply.uploading = True
        while self._write_paused and reply.head is None and reply.problem is None:
            await reply.wait_room()
        if reply.head is None and reply.problem is None:
            reply.uploading = False
            return True
        return False

    # What a reply asks for.

    def watch(self, deadline: float) -> None:
        """Wake up at the deadline; costs nothing while an earlier timer is armed."""
        self.deadline = deadline
        if deadline < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = deadline
            self._timer = self.loop.call_at(deadline, self._on_timer)

    def resume(self) -> None:
        """Read on after a pause."""
        self.paused = False
        if self._transport is not None and not self.closed:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Drop the connection at once; the provider sees it close."""
        self._reply = None
        self._retire()
        if self._transport is not None:
            self._transport.abort()

    def discard_rest(self, seconds: float) -> None:
        """Let the reply run out unread for so long."""
        if self._reply is not None:
            rest = Reply(self, self.who, Limits(max_bytes=HIGH_WATER))
            rest.head, rest.eof_delimited, rest.begun = self._reply.head, self._reply.eof_delimited, True
            self._reply = rest
            self.watch(self.loop.time() + seconds)
            if self.paused:
                self.resume()

    def end(self, problem: Problem) -> None:
        """End from outside: the reader gets the problem, not the bytes it has not read yet."""
        reply = self._reply
        self.abort()
        if reply is not None:
            reply.fail(problem, at_once=True)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of a reply came, or bytes that nobody asked for."""
        reply = self._reply
        if reply is None:
            self.abort()
            return
        self.answered = True
        reply.bytes_in += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refused = self._refused or "switched to another protocol"
        except httptools.HttpParserError as error:
            if not self._done:
                self._refused = self._refused or f"is not HTTP ({error})"
            self._keep = False
        if self._done:
            self._complete(reply)
        elif self._refused or self._too_large(reply):
            self._fail(reply, BrokenReply(f"the reply {self._refused}.", who=reply.who))
        elif reply.unread > HIGH_WATER and not self.paused and self._transport is not None:
            self.paused = True
            self._transport.pause_reading()

    def eof_received(self) -> None:
        """The provider sends no more: the transport closes itself, and nobody may take this connection again."""
        if self._reply is None:
            self._retire()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone: that ends a reply properly only if nothing else could."""
        reply, self._reply = self._reply, None
        self._retire()
        if not self.lost.done():
            self.lost.set_result(None)
        del self._parser  # it holds bound methods of ours: without this only the garbage collector ends us
        if reply is None:
            return
        if reply.head is not None and reply.eof_delimited and exc is None:
            reply.end()
        else:
            reply.fail(self._cut(reply, exc))

    def pause_writing(self) -> None:
        """The provider reads more slowly than we write."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The provider caught up."""
        self._write_paused = False
        if self._reply is not None:
            self._reply.wake()

    # What httptools calls. Nothing raises here: it would surface as a parser error.

    def on_message_begin(self) -> None:
        """A message begins: an interim one, the reply, or one too many."""
        if self._done:
            self._keep = False
        else:
            self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer (which is left out)."""
        self._head_bytes += len(name) + len(value)
        if len(self._headers) >= MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            self._refused = (
                self._refused or f"has more than {MAX_HEADERS} headers, or over {MAX_HEAD_BYTES} bytes of them"
            )
        elif not self._done:
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head is there."""
        reply = self._reply
        if self._done or self._refused or reply is None:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self._refused = f"began with more than {MAX_INTERIM} interim messages"
            return
        length, chunked = self._inspect(status)
        if self._refused:
            return
        if self._bodiless or (status in {204, 304} and (length > 0 or chunked)):
            self._done = True  # llhttp would wait for a body that never comes: it must not see another reply
            self._keep = False
        reply.eof_delimited = length < 0 and not chunked and status not in {204, 304}
        reply.head = Head(status, tuple(self._headers))
        reply.wake()

    def on_body(self, body: bytes) -> None:
        """A piece of the body, without chunk framing."""
        reply = self._reply
        if self._done:
            self._keep = False
        elif not self._refused and reply is not None:
            reply.feed(body)

    def on_message_complete(self) -> None:
        """The message is whole; only here does llhttp know whether the connection may be used again."""
        reply = self._reply
        if not self._done and reply is not None and reply.head is not None:
            self._done = True
            self._keep = self._parser.should_keep_alive()

    # Endings.

    def _inspect(self, status: int) -> tuple[int, bool]:
        """Return the length said (-1: none) and whether the body is chunked; sets `_refused` for what must not be read."""
        length, chunked = -1, False
        for name, value in self._headers:
            key = name.lower()
            if key == "content-length":
                length = int(value) if value.isdecimal() else 0
            elif key == "transfer-encoding":
                chunked = value.strip().lower() == "chunked"
                if not chunked:
                    self._refused = "has an unknown transfer encoding"
            elif key == "content-encoding" and value.strip().lower() not in {"identity", ""}:
                self._refused = "is compressed though that was not asked for"
            elif key == "content-type" and status < 300 and value[:9].lower() == "text/html":
                self._refused = "is a web page, not an API's (a captive portal, a block page or a wrong address)"
            elif key == "keep-alive":
                self.keep_alive = _seconds(value)
        if 300 <= status < 400 and status != 304:
            self._refused = f"is a redirect (status {status}), which is never followed"
        return length, chunked

    def _too_large(self, reply: Reply) -> bool:
        if reply.head is None:
            if reply.bytes_in > 2 * MAX_HEAD_BYTES:
                self._refused = f"has a head of over {MAX_HEAD_BYTES} bytes"
        elif reply.bytes_in > reply.limits.max_bytes:
            self._refused = f"is over {reply.limits.max_bytes} bytes"
        return bool(self._refused)

    def _complete(self, reply: Reply) -> None:
        self._reply = None
        reply.end()
        if not self._keep or self._refused or self.closed or reply.uploading:
            self.abort()
            return
        if self.paused:
            self.resume()
        self._owner.idle(self)

    def _fail(self, reply: Reply, problem: Problem) -> None:
        reply.fail(problem)
        self.abort()

    def _retire(self) -> None:
        if not self.closed:
            self.closed = True
            if self._timer is not None:
                self._timer.cancel()
            self._owner.lost(self)

    def _cut(self, reply: Reply, exc: Exception | None) -> Problem:
        how = "closed" if exc is None else "reset"
        if reply.bytes_in == 0:
            return Unreachable(f"{how} the connection to {self.address} without a reply.", who=reply.who)
        where = "the middle of the reply" if reply.head is not None else "the reply's head"
        return BrokenReply(f"{how} the connection in {where}.", who=reply.who)

    def _on_timer(self) -> None:
        self._timer = None
        self._timer_at = inf
        if self.closed or self.deadline == inf:
            return
        now = self.loop.time()
        if now < self.deadline:
            self.watch(self.deadline)
        elif self._reply is None:
            self.abort()
        else:
            self._reply.expire(now)


def _seconds(keep_alive: str) -> float:
    """Read "timeout=5, max=100"; a second less, since the provider's clock began earlier."""
    _, found, rest = keep_alive.lower().partition("timeout=")
    digits = rest.partition(",")[0].strip()
    return max(int(digits) - 1.0, 0.0) if found and digits.isdecimal() and len(digits) < 9 else inf
