"""Recorded exchanges with real servers that speak Messages, and shorthands the tests of the dialect share."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from dialects.golden import GOLDEN, Exchange, read_exchange
from hearth.chat import ChatRequest, Members
from hearth.dialects.anthropic import CALLED, SERVED
from hearth.dialects.body import cut
from hearth.dialects.dialect import Destination, Head, Stamp
from hearth.events import Event, Frame, Started

BOX = Destination("box", "m")
CLAUDE = Destination("anthropic", "claude-opus-5")
OLD_CLAUDE = Destination("anthropic", "claude-sonnet-4-5")
STAMP = Stamp("0123456789abcdefghijklmnop", "shown", 1_700_000_000_000_000_000)
MESSAGES = "/v1/messages"
HELLO = [{"role": "user", "content": "Hello there"}]


class Recording(Exchange):
    """One exchange of this dialect; its name has the folder before it."""

    @property
    def answered(self) -> bool:
        """Whether it is a good reply to a message."""
        return self.head.status == 200 and self.path == MESSAGES


@cache
def recordings() -> tuple[Recording, ...]:
    """All recordings of this dialect, those of real clients included."""
    files = (*sorted((GOLDEN / "anthropic").glob("*.json")), *sorted((GOLDEN / "clients").glob("anthropic-*/*.json")))
    return tuple(_read(file) for file in files)


def recording(name: str) -> Recording:
    """The recording `folder/name`."""
    return next(one for one in recordings() if one.name == name)


def _read(file: Path) -> Recording:
    found = read_exchange(file)
    return Recording(*found._replace(name=found.full_name, path=found.path.partition("?")[0]))


def sse_head() -> Head:
    """The head of a streamed reply."""
    return Head(200, (("Content-Type", "text/event-stream"),))


def json_head(status: int = 200) -> Head:
    """The head of a whole reply."""
    return Head(status, (("Content-Type", "application/json"),))


def frames(head: Head, *pieces: bytes, to: Destination = BOX) -> list[Frame]:
    """All frames of a reply fed in these pieces."""
    reader = CALLED.reader("chat", None, to, head)
    return [*(frame for piece in pieces for frame in reader.feed(piece)), *reader.close()]


def events(head: Head, *pieces: bytes, to: Destination = BOX) -> list[Event]:
    """All events of a reply fed in these pieces."""
    return [event for frame in frames(head, *pieces, to=to) for event in frame.events]


def meaning(*records: dict[str, Any]) -> list[Event]:
    """The events of a stream of these records, without `Started`."""
    return [event for event in events(sse_head(), sse(*records)) if not isinstance(event, Started)]


def sse(*records: dict[str, Any]) -> bytes:
    """A stream of these records."""
    return b"".join(b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode()) for one in records)


def parsed(stream: bytes) -> list[dict[str, Any]]:
    """The JSON of all records of a stream; each must say its type twice, as the SDK wants it."""
    found = []
    for record in stream.split(b"\n\n"):
        if not record:
            continue
        event, data = record.split(b"\n")
        value = json.loads(data.removeprefix(b"data: "))
        assert event == b"event: " + value["type"].encode()
        found.append(value)
    return found


def members(**given: object) -> Members:
    """The members of a request that says at least hello."""
    return cut(json.dumps({"model": "x", "max_tokens": 100, "messages": HELLO} | given).encode())


def read(**given: object) -> ChatRequest:
    """The meaning of such a request."""
    request = SERVED.read("messages", members(**given))
    assert isinstance(request, ChatRequest)
    return request


def sent(request: ChatRequest, to: Destination = CLAUDE, *, stream: bool = False) -> dict[str, Any]:
    """The body that a target is sent for a meaning."""
    body: dict[str, Any] = msgspec.json.decode(CALLED.request(request, to, stream=stream).body)
    return body


def written(said: list[Event], *, stream: bool, **given: object) -> bytes:
    """What a client gets for these events."""
    outline = SERVED.outline("messages", members(stream=stream, **given))
    writer = SERVED.writer(outline, STAMP)
    return writer.stream(said) if stream else writer.whole(said)


DELTAS = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
    "redacted_thinking": set(),
}


def collected(records: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The blocks and the end of a stream, checked step by step as strictly as the state machine promises."""
    assert records[0]["type"] == "message_start"
    assert [one["type"] for one in records].count("message_start") == 1
    assert [one["type"] for one in records[-2:]] == ["message_delta", "message_stop"]
    blocks: list[dict[str, Any]] = []
    open_block: dict[str, Any] | None = None
    for one in records[1:-2]:
        if one["type"] == "content_block_start":
            assert open_block is None
            assert one["index"] == len(blocks)
            open_block = {**one["content_block"], "said": ""}
        elif one["type"] == "content_block_stop":
            assert open_block is not None
            assert one["index"] == len(blocks)
            blocks.append(open_block)
            open_block = None
        else:
            assert one["type"] == "content_block_delta"
            assert open_block is not None
            assert one["index"] == len(blocks)
            _fill(open_block, one["delta"])
    assert open_block is None
    return blocks, records[-2]


def _fill(block: dict[str, Any], delta: dict[str, Any]) -> None:
    assert delta["type"] in DELTAS[block["type"]]
    if delta["type"] == "signature_delta":
        block["signature"] = delta["signature"]
    elif delta["type"] == "citations_delta":
        block.setdefault("citations", []).append(delta["citation"])
    else:
        block["said"] += next(text for name, text in delta.items() if name != "type")
