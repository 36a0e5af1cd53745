"""A provider that recites recordings: the recorded bytes, cut as one likes, through no library and no codec of ours."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

GOLDEN = Path(__file__).parents[1] / "golden"
CAPABLE = ["completion", "tools", "thinking", "vision", "insert", "embedding"]


class Recording(NamedTuple):
    """One recorded exchange: what was asked, and the reply in the pieces it came in."""

    name: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    asked: bytes
    status: int
    content_type: str
    pieces: tuple[bytes, ...]
    ended: str

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def model(self) -> str:
        try:
            asked = json.loads(self.asked)
        except ValueError:
            return ""
        named = asked.get("model") if isinstance(asked, dict) else None
        return named if isinstance(named, str) else ""


@cache
def recordings(folder: str) -> tuple[Recording, ...]:
    """All recordings of a folder of `tests/golden`, those of its own folders included."""
    return tuple(_read(file) for file in sorted((GOLDEN / folder).rglob("*.json")))


def _read(file: Path) -> Recording:
    wire: dict[str, Any] = json.loads(file.read_text("utf-8"))
    request, response = wire["request"], wire["response"]
    kind = next((value for name, value in response["headers"] if name.lower() == "content-type"), "")
    return Recording(
        f"{file.parent.name}/{file.stem}",
        request["method"],
        request["path"],
        tuple((name, value) for name, value in request["headers"]),
        _bytes({"base64": request["body_base64"]} if "body_base64" in request else request.get("body") or ""),
        response["status"] or 0,
        kind,
        tuple(_bytes(piece) for _, piece in response["chunks"]),
        response["ended"],
    )


def _bytes(piece: str | dict[str, str]) -> bytes:
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def cut_at(body: bytes, *places: int) -> list[bytes]:
    """Cut bytes at these places."""
    ends = [*places, len(body)]
    return [body[start:end] for start, end in zip([0, *places], ends, strict=True) if body[start:end]]


class Reciter:
    """Answers every inference request with the pieces it holds, each in a packet of its own; lists `models`."""

    def __init__(self, models: Sequence[str]) -> None:
        self.models = sorted({model for model in models if model})
        self.content_type = ""
        self.pieces: Sequence[bytes] = ()
        self.asked: list[tuple[str, bytes]] = []
        self.url = ""

    def recite(self, recording: Recording, pieces: Sequence[bytes] | None = None) -> None:
        """Say this from now on."""
        self.content_type = recording.content_type
        self.pieces = recording.pieces if pieces is None else pieces

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its client goes."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next((int(v) for v in _values(head, "content-length")), 0)
                body = await reader.readexactly(length)
                await self._answer(head.split(" ", 2)[1], body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        known = self._known(path, body)
        if known is not None:
            data = json.dumps(known).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(data))
            writer.write(data)
            return
        self.asked.append((path, body))
        writer.write(
            f"HTTP/1.1 200 OK\r\nContent-Type: {self.content_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        for piece in self.pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(b"0\r\n\r\n")

    def _known(self, path: str, body: bytes) -> object:
        """What is asked before any inference: which models there are, and what they can do."""
        answers: dict[str, Callable[[], object]] = {
            "/api/version": lambda: {"version": "0.32.15"},
            "/api/ps": lambda: {"models": [{"name": name, "model": name, "digest": name} for name in self.models]},
            "/api/tags": lambda: {"models": [{"name": name, "model": name, "digest": name} for name in self.models]},
            "/api/show": lambda: {"capabilities": CAPABLE, "model_info": {}},
            "/v1/models": lambda: {"object": "list", "data": [{"id": name} for name in self.models]},
        }
        return answers[path]() if path in answers else None


def _values(head: str, name: str) -> list[str]:
    pairs = (line.partition(":") for line in head.split("\r\n")[1:])
    return [value.strip() for key, _, value in pairs if key.lower() == name]


@asynccontextmanager
async def reciting(models: Sequence[str]) -> AsyncIterator[Reciter]:
    """Run a reciter on a free loopback port."""
    reciter = Reciter(models)
    server = await asyncio.start_server(reciter.serve, "127.0.0.1", 0, limit=1 << 24)
    reciter.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield reciter
    finally:
        server.close()
