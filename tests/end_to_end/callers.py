"""Callers of a running daemon as plain as sockets are, and the configs that put rehearsals behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, Self

from hearth.rehearsal import Rehearsal
from hearth_home import Home

Object = dict[str, Any]
CALM = '[busy]\npatience = "{}"\nqueue = {}\nother_cpu = "off"\nfree_memory = "off"\n'
PATIENT_S = 20.0
"""How long a test waits for anything before it fails. It is no promise: a busy machine may stand still for seconds."""
ON_DISK = ("/hearth/v1/calls", "/hearth/v1/usage")


def calm(patience: str = "10s", queue: int = 32) -> str:
    """Return a [busy] that looks at the lanes only, never at the machine that runs the tests."""
    return CALM.format(patience, queue)


def engine(rehearsal: Rehearsal, more: str = "") -> str:
    """Return a provider `ollama`: this rehearsal, on this machine."""
    return f'[providers.ollama]\npreset = "ollama"\naddress = "{rehearsal.url}"\n{more}\n'


def cloud(rehearsal: Rehearsal, name: str = "far", more: str = "") -> str:
    """Return a provider that counts as cloud although this rehearsal, which plays it, is on loopback."""
    return f'[providers.{name}]\ndialect = "openai_chat"\naddress = "{rehearsal.url}/v1"\nplace = "cloud"\n{more}\n'


def chat(model: str = "scripted", words: str = "hello", **more: object) -> dict[str, object]:
    """Return a chat's body; both dialects read it."""
    return {"model": model, "messages": [{"role": "user", "content": words}], **more}


class Answer(NamedTuple):
    """A whole reply, its body without chunk framing; `ended` is false when the connection broke off inside it."""

    status: int
    headers: dict[str, str]
    body: bytes
    ended: bool

    def json(self) -> Object:
        found: Object = json.loads(self.body)
        return found

    @property
    def lines(self) -> list[Any]:
        """The objects of an NDJSON body."""
        return [json.loads(line) for line in self.body.split(b"\n") if line.strip()]

    @property
    def events(self) -> list[Any]:
        """The objects of an SSE body; its last word as it is."""
        said = [line[6:].decode() for line in self.body.split(b"\n") if line.startswith(b"data: ")]
        return [one if one == "[DONE]" else json.loads(one) for one in said]

    @property
    def last(self) -> Object:
        """The last object of a stream in either dialect, whatever came before it."""
        line = self.body.strip().split(b"\n")[-1]
        found: Object = json.loads(line.removeprefix(b"data: "))
        return found

    @property
    def streams(self) -> bool:
        """Whether this is a stream of server-sent events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def finished(self) -> bool:
        """Whether a client of its dialect takes this reply for a whole one."""
        if self.streams:
            return b"data: [DONE]" in self.body
        return b'"done":true' in self.body or b'"finish_reason":"' in self.body

    @property
    def text(self) -> str:
        """What the model said, in either dialect and form."""
        if self.streams:
            parts = [one["choices"][0]["delta"].get("content") for one in self.events if _has_choice(one)]
            return "".join(part or "" for part in parts)
        return "".join(_said(one) for one in self.lines)


def _has_choice(event: object) -> bool:
    return isinstance(event, dict) and bool(event.get("choices"))


def _said(reply: Object) -> str:
    if "choices" in reply:
        return str(reply["choices"][0]["message"]["content"])
    return str(reply.get("message", {}).get("content", ""))


class Reached(Protocol):
    """A daemon that can be called, in this process or in another."""

    @property
    def port(self) -> int: ...


class Caller:
    """One connection that sends one request and reads as little or as much of the reply as its test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.seen = b""

    @classmethod
    async def ask(cls, home: Reached, path: str, body: object = None, *, method: str = "POST", **headers: str) -> Self:
        """Send a request; `x_hearth_mode="lan"` becomes a header."""
        caller = cls(*await asyncio.open_connection("127.0.0.1", home.port))
        await caller.send(home, path, body, method=method, **headers)
        return caller

    async def send(
        self, home: Reached, path: str, body: object = None, *, method: str = "POST", **headers: str
    ) -> None:
        """Send a request on this connection."""
        content = json.dumps(body).encode() if body is not None else b""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{home.port}",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in named.items()),
        ]
        self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
        await self.writer.drain()

    async def until(self, words: bytes, count: int = 1) -> bytes:
        """Read until the reply holds these words so often; return all that was read. Raises EOFError at its end."""
        async with asyncio.timeout(PATIENT_S):
            while self.seen.count(words) < count:
                piece = await self.reader.read(65536)
                if not piece:
                    raise EOFError(self.seen.decode(errors="replace"))
                self.seen += piece
        return self.seen

    async def rest(self, timeout: float = PATIENT_S) -> Answer:
        """Read the reply to its end."""
        async with asyncio.timeout(timeout):
            try:
                while piece := await self.reader.read(65536):
                    self.seen += piece
            except ConnectionError:
                pass
        self.leave()
        return _read(self.seen)

    def leave(self) -> None:
        """Close the connection at once."""
        self.writer.transport.abort()


async def call(home: Reached, path: str, body: object = None, *, method: str = "POST", **headers: str) -> Answer:
    """Send one request and return its whole reply."""
    caller = await Caller.ask(home, path, body, method=method, **headers)
    return await caller.rest()


async def admin(home: Home, path: str, method: str = "GET", body: object = None) -> Any:  # noqa: ANN401 -- any JSON
    """Ask the control API, with the owner's token, and return what it says; of past calls when they are on disk.

    The API itself waits a second at most for a disk that stands still, and shows what is there.
    """
    if path.startswith(ON_DISK):
        await asyncio.to_thread(home.daemon.ledger.flush, PATIENT_S)
    answer = await call(home, path, body, method=method, Authorization=f"Bearer {home.token('admin')}")
    return json.loads(answer.body)


async def until(true: Callable[[], object], timeout: float = PATIENT_S) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(timeout):
        while not true():  # noqa: ASYNC110 -- it watches what nobody announces
            await asyncio.sleep(0.005)


async def rounds(count: int = 10) -> None:
    """Let the event loop go round so often, which is no time on any machine: what has been read is also let go."""
    for _ in range(count):
        await asyncio.sleep(0)


async def stop_accepting(server: socket.socket, opened: contextlib.ExitStack) -> None:
    """Make a bound socket a black hole: a listener whose backlog is full, so that the kernel answers nobody more."""
    server.listen(0)
    for _ in range(4):
        plug = opened.enter_context(socket.socket())
        plug.setblocking(False)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.get_running_loop().sock_connect(plug, server.getsockname())


def inference(rehearsal: Rehearsal) -> int:
    """Count the requests for an answer that a provider got: neither questions about models nor empty loading calls."""
    return sum(one.method == "POST" and b'"content"' in one.body for one in rehearsal.calls)


def _read(raw: bytes) -> Answer:
    head, _, rest = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    named = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in named}
    if not lines[0]:
        return Answer(0, {}, b"", ended=False)
    code = int(lines[0].split()[1])
    if headers.get("transfer-encoding") != "chunked":
        return Answer(code, headers, rest, len(rest) == int(headers.get("content-length", -1)))
    body, ended = _unchunk(rest)
    return Answer(code, headers, body, ended)


def _unchunk(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return body, True
        body, rest = body + rest[:length], rest[length + 2 :]
    return body, False
