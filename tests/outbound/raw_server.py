"""A provider in raw bytes: scripts over real loopback sockets, and short ways to a pool that asks them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from hearth.call import Mode, Place
from hearth.outbound.egress import Egress
from hearth.outbound.names import Resolver
from hearth.outbound.pool import Limits, Origin, Pool
from hearth.outbound.proxy import Proxy
from hearth.problems import Problem
from hearth_config.addresses import TcpAddress, UnixAddress

PATIENT_S = 20.0
"""How long a test waits for anything before it fails: no machine stands still for so long."""
QUICK = Limits(connect=PATIENT_S, tls=PATIENT_S, first=PATIENT_S, idle=PATIENT_S)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def whole(body: bytes, more: bytes = b"") -> bytes:
    """A reply of known length."""
    return OK + more + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(*pieces: bytes) -> bytes:
    """A reply in chunks, with its end."""
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(map(chunk, pieces)) + b"0\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


class Visit:
    """One connection as the server sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number

    async def request(self) -> tuple[bytes, bytes]:
        """Read one request: head and body. Raises IncompleteReadError when the client has gone."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            return head, await self._chunks()
        length = int(lowered.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
        return head, await self.reader.readexactly(length)

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def closed(self) -> None:
        """Wait until the client has closed its side."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """End the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def _chunks(self) -> bytes:
        body = b""
        while size := int((await self.reader.readline()).strip(), 16):
            body += await self.reader.readexactly(size)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)
        return body


Script = Callable[[Visit], Awaitable[None]]


class RawServer:
    """Runs a script for each connection; counts them, and remembers the requests that scripts recorded."""

    def __init__(self, script: Script) -> None:
        self.visits = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.port = 0
        self.path = ""
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    @property
    def address(self) -> TcpAddress | UnixAddress:
        return UnixAddress(self.path) if self.path else TcpAddress("http", "127.0.0.1", self.port)

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the script to one client."""
        self.visits += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._script(Visit(reader, writer, self.visits))
        self._tasks.discard(task)
        writer.close()

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def serving(script: Script, *, path: Path | None = None) -> AsyncIterator[RawServer]:
    """A server on a free loopback port, or on a Unix socket."""
    raw = RawServer(script)
    if path is None:
        server = await asyncio.start_server(raw.run, "127.0.0.1", 0, limit=1 << 24)
        raw.port = server.sockets[0].getsockname()[1]
    else:
        server = await asyncio.start_unix_server(raw.run, path)
        raw.path = str(path)
    try:
        yield raw
    finally:
        server.close()
        await raw.stop()


@contextlib.contextmanager
def unheard() -> Iterator[TcpAddress]:
    """An address on this machine that refuses connections, and is nobody else's as long as this lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield TcpAddress("http", *held.getsockname())


def answering(*replies: bytes) -> Script:
    """A script that gives these replies to the requests of each connection, the last one for ever."""

    async def script(visit: Visit) -> None:
        count = 0
        while True:
            await visit.request()
            await visit.say(replies[min(count, len(replies) - 1)])
            count += 1

    return script


@contextlib.asynccontextmanager
async def asking(
    raw: RawServer,
    *,
    mode: Mode = "any",
    place: Place = "machine",
    proxy: Proxy | None = None,
    max_open: int | None = None,
    idle_seconds: float = 55.0,
    resolver: Resolver | None = None,
) -> AsyncIterator[tuple[Pool, Origin]]:
    """A pool, and the server as its origin."""
    pool = Pool(Egress(mode), max_open=max_open, idle_seconds=idle_seconds, resolver=resolver)
    try:
        yield pool, pool.origin(raw.address, who="raw", place=place, proxy=proxy)
    finally:
        await pool.aclose()


async def get(pool: Pool, origin: Origin, *, limits: Limits = QUICK, path: str = "/") -> bytes:
    """Ask once and read the whole body."""
    reply = await pool.send(origin, "GET", path, limits=limits)
    return await reply.read_all(1 << 30)


def problem_of(script: Script, *, limits: Limits = QUICK, body: bytes = b"{}") -> Problem:
    """Ask a server once, read everything, and return the problem it came to."""

    async def act() -> Problem:
        async with serving(script) as raw, asking(raw) as (pool, origin):
            try:
                reply = await pool.send(origin, "POST", "/", body=body, limits=limits)
                answer = await reply.read_all(1 << 30)
            except Problem as problem:
                return problem
            pytest.fail(f"it went well: {answer!r}")

    return asyncio.run(act())


def once(data: bytes) -> Script:
    """A script that answers one request and waits for the hang-up."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.say(data)
        await visit.closed()

    return script


class Book:
    """A resolver's lookup that knows some names and remembers who was asked for."""

    def __init__(self, **names: str) -> None:
        self.asked: list[str] = []
        self._names = {name.replace("_", "."): found for name, found in names.items()}

    def __call__(self, host: str) -> tuple[str, ...]:
        self.asked.append(host)
        if host not in self._names:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return tuple(self._names[host].split())
