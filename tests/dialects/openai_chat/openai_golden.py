"""Recorded exchanges with real servers that speak this dialect, and shorthands the tests of it share."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from dialects.golden import GOLDEN, Exchange, read_exchange
from hearth.call import Wishes
from hearth.chat import Members, Operation
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.dialects.openai_chat import CALLED, SERVED
from hearth.events import Event, Frame, Started

BOX = Destination("box", "m", prefix="/v1")
STAMP = Stamp("0123456789abcdefghijklmnop", "shown", 1_700_000_000_000_000_000)
OPERATIONS: dict[str, Operation] = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "complete",
    "/infill": "complete",
    "/v1/embeddings": "embed",
}
NO_WISHES = Wishes()
DONE = b"data: [DONE]\n\n"
ROUTES = {"/v1/chat/completions": "chat", "/v1/completions": "completions", "/v1/embeddings": "embeddings"}


class Recording(Exchange):
    """One exchange of this dialect; its name has the folder before it."""

    @property
    def operation(self) -> Operation:
        """What was asked for."""
        return OPERATIONS[self.path]

    @property
    def answered(self) -> bool:
        """Whether it is a good reply of a route that means something elsewhere."""
        return self.head.status == 200 and self.path in OPERATIONS


@cache
def recordings() -> tuple[Recording, ...]:
    """All recordings of this dialect."""
    folders = ("openai_chat", "openai_completions", "openai_embeddings")
    return tuple(_read(file) for folder in folders for file in sorted((GOLDEN / folder).glob("*.json")))


def recording(name: str) -> Recording:
    """The recording `folder/name`."""
    return next(one for one in recordings() if one.name == name)


def _read(file: Path) -> Recording:
    found = read_exchange(file)
    return Recording(*found._replace(name=found.full_name))


def sse_head(kind: str = "text/event-stream") -> Head:
    """The head of a streamed reply."""
    return Head(200, (("Content-Type", kind),))


def frames(operation: Operation, head: Head, *pieces: bytes, to: Destination = BOX) -> list[Frame]:
    """All frames of a reply fed in these pieces."""
    reader = CALLED.reader(operation, None, to, head)
    return [*(frame for piece in pieces for frame in reader.feed(piece)), *reader.close()]


def events(operation: Operation, head: Head, *pieces: bytes, to: Destination = BOX) -> list[Event]:
    """All events of a reply fed in these pieces."""
    return [event for frame in frames(operation, head, *pieces, to=to) for event in frame.events]


def chat_events(*pieces: bytes, to: Destination = BOX) -> list[Event]:
    """All events of a streamed chat reply."""
    return events("chat", sse_head(), *pieces, to=to)


def written(route: str, body: bytes | dict[str, Any], said: list[Event], wishes: Wishes = NO_WISHES) -> bytes:
    """What a client that sent this body gets for these events: a stream if it asked for one, else a whole reply."""
    members: Members = cut(body if isinstance(body, bytes) else json.dumps(body).encode())
    outline = replace(SERVED.outline(route, members), wishes=wishes)
    writer = SERVED.writer(outline, STAMP)
    return writer.stream(said) if outline.stream else writer.whole(said)


def chunks(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of all data records of a stream, the end mark left out."""
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\n\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]


def sse(*records: dict[str, Any]) -> bytes:
    """A stream of these records."""
    return b"".join(b"data: " + json.dumps(record).encode() + b"\n\n" for record in records)


def delta(finish: str | None = None, **said: object) -> dict[str, Any]:
    """A chunk with one choice."""
    return {"choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


def meaning(*pieces: bytes, to: Destination = BOX) -> list[Event]:
    """The events of a stream, without `Started`."""
    return [event for event in chat_events(*pieces, to=to) if not isinstance(event, Started)]
