"""Recorded exchanges with real servers, as the files below tests/golden hold them (its README tells the form)."""

import base64
import json
from pathlib import Path
from typing import Any, NamedTuple

from hearth.dialects.dialect import Head

GOLDEN = Path(__file__).parents[1] / "golden"


class Exchange(NamedTuple):
    """One exchange: the file's name and its folder's, where it went, what was asked, what came back, and its end."""

    name: str
    folder: str
    path: str
    request: bytes
    head: Head
    body: bytes
    ended: str

    @property
    def full_name(self) -> str:
        """The name, the folder's before it."""
        return f"{self.folder}/{self.name}"

    @property
    def streamed(self) -> bool:
        """Whether the reply is a stream of events."""
        return "event-stream" in self.head.get("content-type")


def read_exchange(file: Path) -> Exchange:
    """The exchange in this file; a reply that never came has status 0."""
    found: dict[str, Any] = json.loads(file.read_bytes())
    request, response = found["request"], found["response"]
    asked = request.get("body_base64") or request.get("body") or ""
    sent = base64.b64decode(asked) if "body_base64" in request else asked.encode()
    head = Head(response["status"] or 0, tuple((name, value) for name, value in response["headers"]))
    return Exchange(file.stem, file.parent.name, request["path"], sent, head, read_body(response), response["ended"])


def read_body(response: dict[str, Any]) -> bytes:
    """The chunks of a reply joined; one that splits a character is kept in base64."""
    return b"".join(_bytes(piece) for _, piece in response["chunks"])


def _bytes(piece: str | dict[str, str]) -> bytes:
    return piece.encode() if isinstance(piece, str) else base64.b64decode(piece["base64"])


def named(one: object) -> str:
    """The id of a test about a recording."""
    return str(one.name) if isinstance(one, Exchange) else str(one)
