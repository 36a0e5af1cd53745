"""How Anthropic puts things: headers, ids, errors, events (wire/providers §4.2, §5.3)."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from hearth.rehearsal.http import HeaderList, Reply

Object = dict[str, Any]
KINDS = {
    401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
    409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error", 500: "api_error",
    504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip


def refused(status: int, text: str) -> Reply:
    """The envelope of an error, with the request's id in it and in the head."""
    id = f"req_{secrets.token_hex(12)}"
    body = {"type": "error", "error": _error(status, text), "request_id": id}
    return Reply(status, [("Content-Type", "application/json"), ("request-id", id)], msgspec.json.encode(body))


def json_reply(value: object) -> Reply:
    """A whole JSON reply."""
    return Reply(200, [("Content-Type", "application/json"), *_request_id()], msgspec.json.encode(value))


def stream_headers() -> HeaderList:
    """The head of an event stream."""
    return [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"), *_request_id()]


def event(value: Object) -> bytes:
    """One event, its type said twice."""
    return b"event: " + str(value["type"]).encode() + b"\ndata: " + msgspec.json.encode(value) + b"\n\n"


def broken(text: str) -> bytes:
    """An error in mid-stream; nothing follows it."""
    return event({"type": "error", "error": _error(529, text)})


def _error(status: int, text: str) -> Object:
    default = "api_error" if status >= 500 else "invalid_request_error"
    return {"type": KINDS.get(status, default), "message": text}


def _request_id() -> HeaderList:
    return [("request-id", f"req_{secrets.token_hex(12)}")]
