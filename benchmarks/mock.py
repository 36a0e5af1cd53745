"""The fake upstream: a server of every dialect in one process, made so that its own cost is mostly system calls.

Started as a program it takes a free port of 127.0.0.1, prints it as one line, and ends when its standard input does.
"""

import asyncio
import itertools
import sys
import time
from typing import cast

import httptools
import msgspec

import loops
from listings import LISTINGS
from more_voices import ALL_VOICES, GEMINI
from recital import Recital
from shapes import Shape, parse_shape, piece_text
from voices import JSON, Reply, Voice, loaded, whole_text

_PHRASES = {200: b"OK", 400: b"Bad Request", 404: b"Not Found"}
_EMPTY = (b"", b"[]", b'""', b"null")


class StreamOptions(msgspec.Struct):
    """OpenAI's `stream_options`."""

    include_usage: bool = False


class Ask(msgspec.Struct):
    """The few members of a request that a mock cares for; the prompt is only measured."""

    model: str = ""
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    messages: msgspec.Raw = msgspec.Raw(b"")
    input: msgspec.Raw = msgspec.Raw(b"")
    contents: msgspec.Raw = msgspec.Raw(b"")
    prompt: msgspec.Raw = msgspec.Raw(b"")


_ASK = msgspec.json.Decoder(Ask)


class Connection(asyncio.Protocol):
    """One client of the mock. It answers one request at a time."""

    def __init__(self, numbers: "itertools.count[int]") -> None:
        self._numbers = numbers
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._recital: Recital | None = None
        self._path = ""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever has left hears no more."""
        if self._recital:
            self._recital.stop()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Parse what came; a request that cannot be parsed ends the connection."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._path = ""
        self._body = []

    def on_url(self, url: bytes) -> None:
        """Its path, perhaps in parts."""
        self._path += url.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """It is whole: answer it."""
        path, body = self._path.partition("?")[0], b"".join(self._body)
        try:
            self._answer(path, body)
        except msgspec.DecodeError as error:
            self._respond(400, msgspec.json.encode({"error": str(error)}))

    def _answer(self, path: str, body: bytes) -> None:
        voice = ALL_VOICES.get(path)
        if voice:
            self._generate(voice, _ASK.decode(body))
            return
        if path.startswith(GEMINI):
            self._generate(ALL_VOICES[GEMINI], _named_by(path, _ASK.decode(body)))
            return
        if path == "/":
            self._respond(200, b"Ollama is running", b"text/plain; charset=utf-8")
            return
        listing = LISTINGS.get(path)
        listed = listing(body) if listing else None
        if listed is None:
            self._respond(404, b'{"error":"not found"}')
        else:
            self._respond(200, listed)

    def _generate(self, voice: Voice, ask: Ask) -> None:
        shape = parse_shape(ask.model)
        said = (ask.messages, ask.input, ask.contents)
        prompt = next((one for one in said if not _is_empty(one)), ask.prompt)
        if shape is None:
            self._respond(404, msgspec.json.encode({"error": f"model '{ask.model}' not found"}))
        elif voice.streams and _is_empty(prompt):
            self._respond(200, loaded(ask.model))
        else:
            self._speak(voice, ask, shape, memoryview(prompt).nbytes)

    def _speak(self, voice: Voice, ask: Ask, shape: Shape, prompt: int) -> None:
        stream = next(self._numbers)
        usage = ask.stream_options is not None and ask.stream_options.include_usage
        reply = Reply(model=ask.model, stream=stream, prompt=prompt, pieces=shape.pieces, usage=usage)
        if (voice.streams if ask.stream is None else ask.stream) and self._transport:
            self._recital = Recital(self._transport, voice.stream(reply), shape, stream)
            self._recital.begin(self._said_all)
        else:
            text = whole_text(piece_text(0, time.monotonic_ns(), stream), prompt)
            self._respond(200, voice.whole(reply).written([text]))

    def _said_all(self) -> None:
        self._recital = None

    def _respond(self, status: int, body: bytes, content_type: bytes = JSON) -> None:
        if self._transport is None:
            return
        head = b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
        sent = b"" if self._parser.get_method() == b"HEAD" else body
        self._transport.write(head % (status, _PHRASES[status], content_type, len(body)) + sent)


def _named_by(path: str, ask: Ask) -> Ask:
    """A request whose path names model and verb."""
    model, _, verb = path.removeprefix(GEMINI).rpartition(":")
    return msgspec.structs.replace(ask, model=model, stream=verb.startswith("stream"))


def _is_empty(raw: msgspec.Raw) -> bool:
    view = memoryview(raw)
    return view.nbytes <= max(map(len, _EMPTY)) and bytes(view) in _EMPTY


async def listen() -> asyncio.Server:
    """Start the mock on a free port of 127.0.0.1."""
    numbers = itertools.count(1)
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Connection(numbers), "127.0.0.1", 0, backlog=4096)


def port_of(server: asyncio.Server) -> int:
    """The port that the system chose."""
    port: int = server.sockets[0].getsockname()[1]
    return port


async def _serve() -> None:
    server = await listen()
    print(port_of(server), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    loops.run(_serve())
