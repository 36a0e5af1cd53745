"""Shorthands for this dialect's tests: replies put together by hand as Google documents them, and what they mean."""

import json
from typing import Any

from hearth.chat import ChatRequest, Members, Operation
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.dialects.gemini import CALLED, SERVED
from hearth.dialects.gemini.outline import GeminiOutline
from hearth.events import Event, Frame, Started

STAMP = Stamp("0123456789abcdefghijklmnop", "shown", 1_700_000_000_000_000_000)
NEW = Destination("google", "gemini-3.5-flash", prefix="/v1beta")
OLD = Destination("google", "gemini-2.5-flash", prefix="/v1beta")
VERTEX = Destination("vertex", "gemini-3.5-flash", prefix="/v1beta1/projects/p/locations/eu/publishers/google")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def chunk(*parts: dict[str, Any], finish: str | None = None, index: int = 0, **more: object) -> dict[str, Any]:
    """One chunk with one candidate."""
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": index}
    if finish is not None:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **more}


def sse(*chunks: dict[str, Any]) -> bytes:
    """A stream of events."""
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in chunks)


def array(*chunks: dict[str, Any]) -> bytes:
    """The same as one array, spread over lines as Google writes it."""
    return b"[" + b"\n,\r\n".join(json.dumps(one, indent=2).encode() for one in chunks) + b"\n]"


def head(kind: str = "text/event-stream", status: int = 200) -> Head:
    """The head of a reply."""
    return Head(status, (("Content-Type", kind),))


def frames(*pieces: bytes, operation: Operation = "chat", to: Destination = NEW) -> list[Frame]:
    """All frames of a reply fed in these pieces."""
    reader = CALLED.reader(operation, None, to, head())
    return [*(frame for piece in pieces for frame in reader.feed(piece)), *reader.close()]


def events(*pieces: bytes, operation: Operation = "chat") -> list[Event]:
    """All events of a reply fed in these pieces, without `Started`."""
    said = [event for frame in frames(*pieces, operation=operation) for event in frame.events]
    return [event for event in said if not isinstance(event, Started)]


def request(body: dict[str, Any], verb: str = "generateContent", *, alt: str = "sse") -> tuple[str, Members]:
    """Route and members of a request to model m."""
    route, said = SERVED.locate(f"m:{verb}", {"alt": alt})  # type: ignore[attr-defined]
    return route, cut(json.dumps(body).encode()) | said


def read(body: dict[str, Any]) -> ChatRequest:
    """The meaning of a request."""
    found = SERVED.read(*request(body))
    assert isinstance(found, ChatRequest)
    return found


def outline(body: dict[str, Any], verb: str = "generateContent", **more: str) -> GeminiOutline:
    """What planning sees of it."""
    found = SERVED.outline(*request(body, verb, **more))
    assert isinstance(found, GeminiOutline)
    return found


def user(*parts: str | dict[str, Any]) -> dict[str, Any]:
    """One turn of the user; texts may stand for their parts."""
    return {"role": "user", "parts": [{"text": part} if isinstance(part, str) else part for part in parts]}


def records(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of all records of a stream."""
    lines = [line.removeprefix(b"data: ") for line in stream.split(b"\r\n\r\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines]
