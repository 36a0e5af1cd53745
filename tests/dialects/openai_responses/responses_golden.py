"""Recorded exchanges with real servers of the Responses API, and shorthands the tests of this dialect share."""

import base64
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.dialects.openai_responses import CALLED, SERVED
from hearth.events import Event, Frame

GOLDEN = Path(__file__).parents[2] / "golden" / "openai_responses"
BOX = Destination("box", "m", prefix="/v1")
STAMP = Stamp("0123456789abcdefghijklmnop", "shown", 1_700_000_000_000_000_000)
SSE_HEAD = Head(200, (("Content-Type", "text/event-stream"),))
JSON_HEAD = Head(200, (("Content-Type", "application/json"),))


class Recording(NamedTuple):
    """One exchange: where it went, what was asked, what came back."""

    name: str
    path: str
    request: bytes
    head: Head
    body: bytes

    @property
    def streamed(self) -> bool:
        return "event-stream" in self.head.get("content-type")

    @property
    def answered(self) -> bool:
        return self.head.status == 200 and self.path == "/v1/responses"


@cache
def recordings() -> tuple[Recording, ...]:
    """All recordings of this dialect."""
    return tuple(_read(file) for file in sorted(GOLDEN.glob("*.json")))


def recording(name: str) -> Recording:
    """The recording of that name."""
    return next(one for one in recordings() if one.name == name)


def named(one: Recording) -> str:
    """The id of a test about a recording."""
    return one.name


def _read(file: Path) -> Recording:
    found = json.loads(file.read_bytes())
    request, response = found["request"], found["response"]
    head = Head(response["status"], tuple((name, value) for name, value in response["headers"]))
    body = b"".join(_bytes(piece) for _, piece in response["chunks"])
    return Recording(file.stem, request["path"], request.get("body", "").encode(), head, body)


def _bytes(piece: str | dict[str, str]) -> bytes:
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def frames(head: Head, *pieces: bytes) -> list[Frame]:
    """Read pieces as one reply."""
    reader = CALLED.reader("chat", None, BOX, head)
    return [frame for piece in pieces for frame in reader.feed(piece)] + reader.close()


def events(head: Head, *pieces: bytes) -> list[Event]:
    """What pieces of one reply mean."""
    return [event for frame in frames(head, *pieces) for event in frame.events]


def sse(*records: dict[str, Any]) -> bytes:
    """Records as a stream."""
    return b"".join(f"event: {record.get('type', '')}\ndata: {json.dumps(record)}\n\n".encode() for record in records)


def told(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream that our writer wrote."""
    return [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: ")]


def kinds(records: Iterable[dict[str, Any]]) -> list[str]:
    """The types of events, in order, runs of one type told once."""
    found: list[str] = []
    for record in records:
        if not found or found[-1] != record["type"]:
            found.append(record["type"])
    return found


STREAM: dict[str, Any] = {
    "input": "x",
    "stream": True,
    "tools": [{"type": "function", "name": "plain"}, {"type": "custom", "name": "patch"}],
}
WHOLE = {**STREAM, "stream": False}


def stream(said: Sequence[Event], asked: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The wire events of a stream."""
    return told(streamed(said, asked))


def streamed(said: Sequence[Event], asked: dict[str, Any] | None = None) -> bytes:
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(asked or STREAM).encode())), STAMP)
    return b"".join(writer.stream([event]) for event in said)


def whole(said: Sequence[Event], asked: dict[str, Any] | None = None) -> dict[str, Any]:
    """A whole response."""
    writer = SERVED.writer(SERVED.outline("responses", cut(json.dumps(asked or WHOLE).encode())), STAMP)
    return dict(json.loads(writer.whole(said)))
