"""A daemon as a process of its own on a folder of its own, and what one asks of it over plain sockets."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

READY_S = 30.0


class Answer(NamedTuple):
    """What came back: status (0: no answer at all), body, and how long it took."""

    status: int
    body: bytes
    seconds: float

    @property
    def finished(self) -> bool:
        """Whether it is a whole answer in OpenAI's form: a stream with its end mark, or one body; no error in it."""
        whole = b"data: [DONE]" in self.body or b'"finish_reason":' in self.body
        return self.status == 200 and whole and b'"error"' not in self.body


class RealProcess:
    """`hearth run` on a folder; `environ` is added to its environment, `program` is a file beside this that runs it."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, program: str = "") -> None:
        """Nothing runs yet."""
        self._hearth = [str(Path(__file__).with_name(program))] if program else ["-m", "hearth"]
        self.folder, self.port = folder, free_port()
        self._environ = {**os.environ, "PYTHONPATH": os.pathsep.join(one for one in sys.path if one)} | dict(
            environ or {}
        )
        self._process: asyncio.subprocess.Process | None = None

    def configure(self, text: str) -> None:
        """Write hearth.toml anew, in one step, as a careful editor does."""
        draft = self.folder / ".hearth.toml"
        draft.write_text(f'{text}\n[listen]\ntcp = "127.0.0.1:{self.port}"\n', "utf-8")
        draft.chmod(0o600)
        draft.replace(self.folder / "hearth.toml")

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process is not None, "it runs"
        return self._process.pid

    async def start(self) -> None:
        """Start it and wait until it answers. Raises `RuntimeError` with what it said where it does not."""
        with (self.folder / "said").open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *self._hearth, "--home", str(self.folder), "run",
                stdout=said, stderr=said, env=self._environ,
            )  # fmt: skip
        until = monotonic() + READY_S
        while monotonic() < until and self._process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.01)
        raise RuntimeError(f"Hearth did not start:\n{(self.folder / 'said').read_text('utf-8', 'replace')}")

    async def stop(self) -> int:
        """End it as a service manager would; return its exit code."""
        assert self._process is not None, "it runs"
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None, "it runs"
        self._process.send_signal(number)

    async def ask(self, model: str, *, stream: bool, tokens: int = 20, patience: float = 60.0) -> Answer:
        """Ask for an answer in OpenAI's dialect. Raises nothing: no answer has status 0."""
        said = [{"role": "user", "content": "Please count."}]
        body = {"model": model, "messages": said, "max_tokens": tokens, "stream": stream}
        return await self._exchange("POST", "/v1/chat/completions", json.dumps(body).encode(), patience=patience)

    async def told(self, path: str) -> Any:  # noqa: ANN401 -- any JSON
        """Return what the control API says."""
        token = dict(line.split() for line in (self.folder / "token").read_text("ascii").splitlines())["admin"]
        found = await self._exchange("GET", path, b"", f"Authorization: Bearer {token}\r\n")
        return json.loads(found.body)

    async def _exchange(self, method: str, path: str, body: bytes, more: str = "", *, patience: float = 60) -> Answer:
        began = monotonic()
        try:
            async with asyncio.timeout(patience):
                status, found = await self._spoken(method, path, body, more)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            status, found = 0, b""
        return Answer(status, found, monotonic() - began)

    async def _spoken(self, method: str, path: str, body: bytes, more: str) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nConnection: close\r\n{more}"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.read(-1)
        finally:
            writer.close()
        start, _, rest = answer.partition(b"\r\n\r\n")
        return int(start[9:12] or b"0"), _unchunked(rest) if b"chunked" in start.lower() else rest


def _unchunked(data: bytes) -> bytes:
    """Return a chunked body joined; raises `IncompleteReadError` where its end is missing."""
    pieces: list[bytes] = []
    while True:
        size, found, rest = data.partition(b"\r\n")
        length = int(size, 16) if found else -1
        if length < 0 or len(rest) < length:
            raise asyncio.IncompleteReadError(data, None)
        if length == 0:
            return b"".join(pieces)
        pieces.append(rest[:length])
        data = rest[length + 2 :]


def free_port() -> int:
    """Return a port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
