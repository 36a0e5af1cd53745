"""The habits of a Go server: how Ollama writes JSON, times and plain errors (wire/ollama §1, §6)."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any

import msgspec

from hearth.rehearsal.http import Failure, Reply
from hearth.rehearsal.wire import GO_BUFFER

JSON_UTF8 = "application/json; charset=utf-8"
JSON_BARE = "application/json"
NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
NAMES = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


class Refusal(Failure):
    """Why a request is not answered: a status and Ollama's words.

    `late` is a refusal that the runner gave after the handler had chosen its form (the recordings show another
    Content-Type then); `early` one given while the request was parsed;
    `cloud` one of the gate to Ollama's cloud, which has Ollama's own form on every route.
    """

    def __init__(self, status: int, text: str, *, late: bool = False, early: bool = False, cloud: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.cloud = cloud
        self.late = late
        self.early = early


def go_json(value: object) -> bytes:
    """Compact JSON with `<` `>` `&` U+2028 U+2029 escaped and U+0085 left raw, as Go's encoder does."""
    data = msgspec.json.encode(value)
    for raw, escaped in (
        (b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026"),
        (b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"),
    ):  # fmt: skip
        if raw in data:
            data = data.replace(raw, escaped)
    return data


def timestamp(nanoseconds: int | None = None) -> str:
    """RFC 3339 in UTC with up to nine fractional digits, trailing zeros trimmed."""
    now = time.time_ns() if nanoseconds is None else nanoseconds
    fraction = f".{now % 1_000_000_000:09d}".rstrip("0").rstrip(".")
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now // 1_000_000_000))}{fraction}Z"


def moment(at: datetime) -> str:
    """A date as Go writes it."""
    return timestamp(int(at.timestamp() * 1_000_000) * 1000)


def whole(status: int, value: object, content_type: str = JSON_UTF8, *, newline: bool = False) -> Reply:
    """A JSON reply; long ones leave a Go server in chunks."""
    body = go_json(value) + (b"\n" if newline else b"")
    return Reply(status, [("Content-Type", content_type)], body, chunked=len(body) > GO_BUFFER)


def plain(status: int, text: str, *, allow: str = "") -> Reply:
    """The router's own words, such as `404 page not found`."""
    allowed = [("Allow", allow)] if allow else []
    return Reply(status, [*allowed, ("Content-Type", "text/plain")], text.encode())


def fields(body: bytes, go_type: str) -> dict[str, Any]:
    """The members of a JSON object with lower-case keys; bytes after it are ignored.

    Raises Refusal in the words of Go's decoder.
    """
    if not body.strip():
        raise Refusal(400, "missing request body", early=True)
    try:
        value: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        value = _first_value(body)
    if not isinstance(value, dict):
        kind = NAMES.get(type(value), "null")
        raise Refusal(400, f"json: cannot unmarshal {kind} into Go value of type {go_type}", early=True)
    return lowered(value)


def _first_value(body: bytes) -> object:
    text = body.decode("utf-8", "replace").lstrip()
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        pass
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            raise Refusal(400, "unexpected EOF", early=True) from None
        raise Refusal(400, f"invalid character '{text[error.pos]}' in JSON", early=True) from None
    raise Refusal(400, "unexpected EOF", early=True)


def lowered(members: dict[str, Any]) -> dict[str, Any]:
    """The same members with lower-case names: Go matches names in any case."""
    return {name.lower(): value for name, value in members.items()}


def expect(members: dict[str, Any], name: str, kind: type, where: str) -> Any:  # noqa: ANN401 - one of the JSON types
    """A member that is absent, null or of that JSON type; else Go's complaint."""
    value = members.get(name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return value
    words = {str: "string", dict: "map[string]interface {}", bool: "bool", list: "[]api.Message", float: "float64"}
    found = NAMES.get(type(value), "null")
    raise Refusal(
        400,
        f"json: cannot unmarshal {found} into Go struct field {where}.{name} of type {words.get(kind, 'int')}",
        early=True,
    )
