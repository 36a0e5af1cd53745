"""Recorded exchanges with real servers of the Responses API, and shorthands the tests of this dialect share."""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from dialects.golden import GOLDEN, Exchange, read_exchange
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.dialects.openai_responses import CALLED, SERVED
from hearth.events import Event, Frame

BOX = Destination("box", "m", prefix="/v1")
STAMP = Stamp("0123456789abcdefghijklmnop", "shown", 1_700_000_000_000_000_000)
SSE_HEAD = Head(200, (("Content-Type", "text/event-stream"),))
JSON_HEAD = Head(200, (("Content-Type", "application/json"),))


class Recording(Exchange):
    """One exchange of this dialect."""

    @property
    def answered(self) -> bool:
        """Whether it is a good reply."""
        return self.head.status == 200 and self.path == "/v1/responses"


@cache
def recordings() -> tuple[Recording, ...]:
    """All recordings of this dialect."""
    return tuple(Recording(*read_exchange(file)) for file in sorted((GOLDEN / "openai_responses").glob("*.json")))


def recording(name: str) -> Recording:
    """The recording of that name."""
    return next(one for one in recordings() if one.name == name)


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
