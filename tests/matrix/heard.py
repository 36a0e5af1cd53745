"""What a client understands of a reply, in no dialect's words."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

Object = dict[str, Any]


class Heard(NamedTuple):
    """One reply. `ended` means that its client takes it for whole; `error` is what it was told went wrong."""

    text: str = ""
    thinking: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Names, and arguments as JSON in one spelling."""
    finish: str = ""
    """stop, length or tools."""
    ended: bool = False
    error: str = ""


def call(name: str, arguments: object) -> tuple[str, str]:
    """A call whose arguments came as an object or as text."""
    found = json.loads(arguments) if isinstance(arguments, str) else arguments
    return name, json.dumps(found, sort_keys=True)


def events(body: bytes) -> list[Object]:
    """The objects of a stream of server-sent events, the `[DONE]` among them as `{}`."""
    said = [line[5:].strip() for line in body.replace(b"\r", b"").split(b"\n") if line.startswith(b"data:")]
    return [{} if one == b"[DONE]" else json.loads(one) for one in said if one]


def lines(body: bytes) -> list[Object]:
    """The objects of NDJSON."""
    return [json.loads(line) for line in body.split(b"\n") if line.strip()]
