"""Replies in Cohere's own form, written after its SDK's types, and short ways to read them."""

from __future__ import annotations

import json
from typing import Any

from hearth.chat import Members, Operation
from hearth.dialects.body import cut
from hearth.dialects.cohere import CALLED
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.events import Event, Frame

TO = Destination("cohere", "command-a")
STAMP = Stamp("01callid", "command-a", 1_795_250_442_000_000_000)
SSE = Head(200, (("Content-Type", "text/event-stream"),))
JSON = Head(200, (("Content-Type", "application/json"),))
USAGE = {
    "billed_units": {"input_tokens": 3.0, "output_tokens": 5.0},
    "tokens": {"input_tokens": 71.0, "output_tokens": 8.0},
    "cached_tokens": 64.0,
}


def event(kind: str, **members: Any) -> bytes:  # noqa: ANN401 -- JSON
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **members}).encode())


def content(**members: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    return {"message": {"content": members}}


START = event(
    "message-start",
    id="m-1",
    delta={"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}},
)
END = event("message-end", id="m-1", delta={"finish_reason": "COMPLETE", "usage": USAGE})
TALK = b"".join((
    START,
    event("content-start", index=0, delta=content(type="thinking", thinking="")),
    event("content-delta", index=0, delta=content(thinking="Hm, 日本")),
    event("content-end", index=0),
    event("content-start", index=1, delta=content(type="text", text="")),
    event("content-delta", index=1, delta=content(text="Grüße ")),
    event("citation-start", index=0, delta={"message": {"citations": {
        "start": 0, "end": 5, "text": "Grüße", "type": "TEXT_CONTENT", "sources": [
            {"type": "document", "id": "doc:0",
             "document": {"id": "doc:0", "title": "T", "url": "https://example.com", "snippet": "words"}}]}}}),
    event("citation-end", index=0),
    event("content-delta", index=1, delta=content(text="🙂")),
    event("content-end", index=1),
    END,
))  # fmt: skip
CALLS = b"".join((
    START,
    event("tool-plan-delta", delta={"message": {"tool_plan": "I look."}}),
    event("tool-call-start", index=0, delta={"message": {"tool_calls": {
        "id": "get__x2d__weather_1", "type": "function", "function": {"name": "get__x2d__weather", "arguments": ""}}}}),
    event("tool-call-delta", index=0, delta={"message": {"tool_calls": {"function": {"arguments": '{"city":'}}}}),
    event("tool-call-delta", index=0, delta={"message": {"tool_calls": {"function": {"arguments": '"Paris"}'}}}}),
    event("tool-call-end", index=0),
    event("tool-call-start", index=1, delta={"message": {"tool_calls": {
        "id": "now_2", "type": "function", "function": {"name": "now", "arguments": None}}}}),
    event("tool-call-end", index=1),
    event("message-end", delta={"finish_reason": "TOOL_CALL", "usage": USAGE}),
))  # fmt: skip
WHOLE = json.dumps({
    "id": "m-1", "finish_reason": "COMPLETE", "usage": USAGE,
    "message": {"role": "assistant", "content": [
        {"type": "thinking", "thinking": "Hm, 日本"}, {"type": "text", "text": "Grüße 🙂"}]},
}).encode()  # fmt: skip
EMBEDDED = json.dumps({
    "id": "e-1", "embeddings": {"float": [[0.5, -0.5], [1.0, 0.0]]}, "texts": ["a", "b"],
    "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 2.0}},
    "response_type": "embeddings_by_type",
}).encode()  # fmt: skip


def frames(*pieces: bytes, head: Head = SSE, operation: Operation = "chat") -> list[Frame]:
    """Read a reply given in these pieces."""
    reader = CALLED.reader(operation, None, TO, head)
    found = [frame for piece in pieces for frame in reader.feed(piece)]
    return [*found, *reader.close()]


def meaning(*pieces: bytes, head: Head = SSE, operation: Operation = "chat") -> list[Event]:
    """Return the events of a reply given in these pieces."""
    return [event for frame in frames(*pieces, head=head, operation=operation) for event in frame.events]


def members(**given: Any) -> Members:  # noqa: ANN401 -- JSON
    """Return a request's members."""
    return cut(json.dumps(given).encode())
