"""Predictions as Replicate shows them, and a series of exchanges played without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hearth.chat import ChatRequest, Message, Text
from hearth.dialects.dialect import Destination, Head, HttpRequest
from hearth.dialects.exchanges import Exchange
from hearth.dialects.replicate import CALLED
from hearth.events import Event, Failed, Frame

TO = Destination("replicate", "meta/llama", prefix="/v1")
OK = Head(200)
HELLO = ChatRequest((Message("user", (Text("Hello"),)),))
URLS = {
    "get": "https://api.replicate.com/v1/predictions/abc",
    "cancel": "https://api.replicate.com/v1/predictions/abc/cancel",
    "stream": "https://stream.replicate.com/v1/files/xyz?a=b",
}
STREAM = (
    "event: output\nid: 1:0\ndata: Grüße\n\n"
    ": hi\n\n"
    "event: logs\nid: 2:0\ndata: loading\n\n"
    "event: output\nid: 3:0\ndata: \ndata: 🙂\n\n"
    "event: done\nid: 4:0\ndata: {}\n\n"
).encode()
TEXT = "Grüße\n🙂"


def prediction(status: str = "starting", **more: Any) -> bytes:  # noqa: ANN401 -- JSON
    """Return a prediction."""
    return json.dumps({"id": "abc", "model": "meta/llama", "status": status, "urls": URLS, **more}).encode()


def described(**properties: Any) -> bytes:  # noqa: ANN401 -- JSON
    """Return the description of a model that takes these inputs."""
    effort = {"type": "string", "enum": ["low", "medium", "high"]}
    schema = {"components": {"schemas": {"Input": {"properties": properties}, "effort": effort}}}
    return json.dumps({"owner": "o", "name": "n", "latest_version": {"id": "v1", "openapi_schema": schema}}).encode()


class Play:
    """A series under way: `said` collects events, `sent` the exchanges."""

    def __init__(self, request: ChatRequest = HELLO, to: Destination = TO, *, stream: bool = True) -> None:
        self.series = CALLED.exchanges(request, to, stream=stream)
        self.sent: list[Exchange] = []
        self.frames: list[Frame] = []

    @property
    def said(self) -> list[Event]:
        return [event for frame in self.frames for event in frame.events]

    @property
    def last(self) -> HttpRequest:
        return self.sent[-1].request

    def next(self) -> Exchange | None:
        """Take the next exchange."""
        exchange = self.series.next()
        if exchange is not None:
            self.sent.append(exchange)
        return exchange

    def go(self, *replies: bytes) -> Play:
        """Take an exchange for each of these replies, and read it whole."""
        for reply in replies:
            assert self.next() is not None
            self.read(reply)
        return self

    def read(self, *pieces: bytes) -> None:
        """Read a reply to the last exchange, in these pieces."""
        reader = self.series.reader(OK)
        for piece in pieces:
            self.frames += reader.feed(piece)
            if reader.finished or any(isinstance(event, Failed) for event in self.said):
                return
        self.frames += reader.close()


def until(play: Play, done: Callable[[], bool], reply: bytes) -> None:
    """Answer with this until something is so."""
    while not done():
        play.go(reply)
