"""A client of bare bytes for the rehearsal's tests: what it sends and reads, no HTTP library has touched."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import NamedTuple

from hearth.rehearsal import Rehearsal

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """One reply: `chunks` are the HTTP chunks, or the whole body as one; `ended` says how the connection was left."""

    status: int
    headers: Headers
    chunks: list[bytes]
    ended: str

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def objects(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.body.splitlines() if line]


def head(method: str, path: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connected(rehearsal: Rehearsal) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", rehearsal.port, limit=2**22)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(rehearsal: Rehearsal, path: str, value: object = None, *, method: str = "POST") -> Answer:
    """One request with a JSON body on a connection of its own."""
    body = b"" if value is None else json.dumps(value).encode()
    async with connected(rehearsal) as (reader, writer):
        writer.write(head(method, path, [("Host", "127.0.0.1")], body))
        return await read(reader, head_only=method == "HEAD")


async def chat(rehearsal: Rehearsal, text: str = "Hello there", **members: object) -> Answer:
    """One Ollama chat."""
    return await ask(rehearsal, "/api/chat", chat_body(text, **members))


def chat_body(text: str = "Hello there", **members: object) -> dict[str, object]:
    return {"model": "scripted", "messages": [{"role": "user", "content": text}], **members}


async def read(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answer:
    """One reply; an early end of the connection is told, never raised."""
    status, headers = await read_head(reader)
    while status < 200:
        status, headers = await read_head(reader)
    names = {name.lower(): value for name, value in headers}
    if head_only or status == 204:
        return Answer(status, headers, [], "complete")
    if names.get("transfer-encoding") == "chunked":
        return Answer(status, headers, *await _chunks(reader))
    if "content-length" not in names:
        return Answer(status, headers, [], "complete")
    try:
        return Answer(status, headers, [await reader.readexactly(int(names["content-length"]))], "complete")
    except asyncio.IncompleteReadError as error:
        return Answer(status, headers, [error.partial], "closed early")
    except ConnectionResetError:
        return Answer(status, headers, [], "reset")


async def read_head(reader: asyncio.StreamReader) -> tuple[int, Headers]:
    block = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = block.strip().split("\r\n")
    pairs = [line.partition(":") for line in lines]
    return int(first.split()[1]), [(name, value.strip()) for name, _, value in pairs]


async def _chunks(reader: asyncio.StreamReader) -> tuple[list[bytes], str]:
    found: list[bytes] = []
    try:
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            found.append((await reader.readexactly(size + 2))[:-2])
        await reader.readexactly(2)
    except asyncio.IncompleteReadError as error:
        return [*found, error.partial], "closed early"
    except ConnectionResetError:
        return found, "reset"
    return found, "complete"
