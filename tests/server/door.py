"""Bare bytes to a daemon's door and what comes back: HTTP libraries would correct what tests misspell."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from hearth.server.app import TABLE
from hearth.server.routes import Route
from hearth_home import Home

Headers = Sequence[tuple[str, str]]
JSON = ("Content-Type", "application/json")
PATIENT_S = 20.0
LOOK_S = 0.01
"""A silence is counted in looks: in each of them Hearth, in the same loop, has had its turn."""


class Answer(NamedTuple):
    """One reply; header names in lower case. `status` is 0 when the connection was closed without a word."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, object]:
        return msgspec.json.decode(self.body, type=dict[str, object])


class Place(NamedTuple):
    """One route as a client calls it."""

    method: str
    path: str
    route: Route


PLACES = [
    Place(method, path.replace("…", "x"), route) for path, methods in TABLE.items() for method, route in methods.items()
]
SERVED = [place for place in PLACES if place.route.infer]
"""The inference routes."""


def spell(method: str, path: str, headers: Headers = (), body: bytes = b"", *, version: str = "1.1") -> bytes:
    """Write a request; it has no header that is not given, save the length of a body."""
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def host(home: Home) -> tuple[str, str]:
    """The Host header of an honest client."""
    return ("Host", f"127.0.0.1:{home.port}")


async def say(
    home: Home,
    *pieces: bytes,
    wait: float = 5.0,
    address: str = "127.0.0.1",
    pause: float = 0.02,
    patience: float = PATIENT_S,
) -> bytes:
    """Send these pieces, each by itself, and return all bytes until Hearth closes or was silent for `wait` seconds.

    For the first of its bytes `patience` is waited, so that a machine that stands still is not taken for a silence.
    """
    reader, writer = await asyncio.open_connection(address, home.port)
    return await _talk(reader, writer, pieces, pause, (wait, patience))


async def say_by_socket(home: Home, *pieces: bytes, wait: float = 5.0) -> bytes:
    """The same by the Unix socket."""
    reader, writer = await asyncio.open_unix_connection(str(home.socket))
    return await _talk(reader, writer, pieces, 0.02, (wait, PATIENT_S))


async def _talk(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    pieces: Iterable[bytes],
    pause: float,
    silence: tuple[float, float],
) -> bytes:
    found = bytearray()
    hearing = asyncio.create_task(_hear(reader, found))
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(PATIENT_S):
            for number, piece in enumerate(pieces):
                if number:
                    await asyncio.sleep(pause)
                writer.write(piece)
                await writer.drain()
    wait, patience = silence
    looks = seen = 0
    while not hearing.done() and looks * LOOK_S < (wait if found else patience):
        await asyncio.wait({hearing}, timeout=LOOK_S)
        looks, seen = (looks + 1, seen) if len(found) == seen else (0, len(found))
    hearing.cancel()
    writer.close()
    return bytes(found)


async def _hear(reader: asyncio.StreamReader, found: bytearray) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            found += data


async def ask(home: Home, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Answer:
    """Ask as an honest client does, with a right Host unless one is given, on a connection of its own."""
    named = headers if any(name == "Host" for name, _ in headers) else (host(home), *headers)
    return read(await say(home, spell(method, path, (*named, ("Connection", "close")), body)))


def admin(home: Home) -> tuple[str, str]:
    """The header of somebody who may give orders."""
    return ("Authorization", f"Bearer {home.token('admin')}")


def read(data: bytes) -> Answer:
    """Read one whole reply, as it was closed after."""
    head, _, rest = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        return read(rest)
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first:
        return Answer(0, {}, b"")
    pairs = (line.partition(": ") for line in lines)
    headers = {name.lower(): value for name, _, value in pairs}
    body = _dechunked(rest) if headers.get("transfer-encoding") == "chunked" else rest
    return Answer(int(first.split()[1]), headers, body)


def _dechunked(data: bytes) -> bytes:
    body = b""
    while data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size or b"0", 16)
        if not length:
            break
        body, data = body + rest[:length], rest[length + 2 :]
    return body


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(logging.Formatter().format(record))


@contextlib.contextmanager
def quiet_log() -> Iterator[list[str]]:
    """Hold that nobody logs an error or a traceback meanwhile."""
    complaints = _Complaints()
    logging.getLogger().addHandler(complaints)
    try:
        yield complaints.said
    finally:
        logging.getLogger().removeHandler(complaints)
    assert not complaints.said


def has_ipv6() -> bool:
    """Whether this system has ::1."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False
