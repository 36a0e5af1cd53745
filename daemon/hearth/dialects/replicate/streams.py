"""Replies of Replicate: a whole JSON body, and the event stream of a prediction, whose data are bare text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.dialects.replicate.failures import canceled, failed
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Event, Failed, Frame, TextDelta
from hearth.problems import BrokenReply


class BodyReader:
    """Reads a whole body; `take` says what it means."""

    finished: bool

    def __init__(self, take: Callable[[bytes], list[Event]], provider: str) -> None:
        self.finished = False
        self.whole: bool | None = None
        self._take = take
        self._provider = provider
        self._body = bytearray()
        self._failed = False

    def feed(self, data: bytes) -> list[Frame]:
        """Keep what came; a body that does not end is given up (F12)."""
        if self._failed:
            return [Frame(data)]
        self._body += data
        if len(self._body) <= MAX_RECORD:
            return []
        self._failed = True
        return [Frame(bytes(self._body), (Failed(BrokenReply("The reply is too long.", who=self._provider)),))]

    def close(self) -> list[Frame]:
        """Return the body as one frame."""
        if self._failed:
            return []
        body = bytes(self._body)
        events = tuple(self._take(body))
        self.finished = not any(isinstance(event, Failed) for event in events)
        return [Frame(body, events)]


class Hearer(Protocol):
    """Who follows a stream, to go on where it ends."""

    def heard(self, text: str) -> None:
        """More text came."""
        ...

    def ended(self) -> None:
        """The stream said that it is done."""
        ...

    def cut(self) -> None:
        """The stream was over before it was done."""
        ...


class StreamReader:
    """Reads the stream of a prediction: `output`, `logs`, `error`, `done` (wire/providers §4.7).

    A stream that ends before `done` is no failure yet: the prediction itself knows how it went on, and is asked.
    """

    finished: bool

    def __init__(self, provider: str, hearer: Hearer) -> None:
        self.finished = False
        self.whole: bool | None = False
        self._provider = provider
        self._hearer = hearer
        self._splitter = SseSplitter()
        self._failed = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes."""
        frames = [Frame(record.raw, tuple(self._read(record))) for record in self._splitter.feed(data)]
        if not frames and self._splitter.pending > MAX_RECORD and not self._failed:
            self._failed = True
            return [Frame(b"", (Failed(BrokenReply("One record is too long.", who=self._provider)),))]
        return frames

    def close(self) -> list[Frame]:
        """Return what was left: half a record, which means nothing."""
        if not self.finished and not self._failed:
            self._hearer.cut()
        rest = self._splitter.close()
        return [] if rest is None else [Frame(rest.raw)]

    def _read(self, record: SseRecord) -> list[Event]:
        data = record.data
        if data is None or self.finished or self._failed:
            return []
        text = data.decode("utf-8", "replace")
        if record.event == "output" and text:
            self._hearer.heard(text)
            return [TextDelta(text)]
        if record.event == "error":
            return [self._fail(_words(data) or text)]
        if record.event == "done":
            return self._end(data)
        return []

    def _end(self, data: bytes) -> list[Event]:
        reason = _object(data).get("reason")
        if reason == "canceled":
            self._failed = True
            return [Failed(canceled(self._provider))]
        if reason:
            return [self._fail("")]
        self.finished = True
        self._hearer.ended()
        return []

    def _fail(self, words: str) -> Failed:
        self._failed = True
        return Failed(failed(words, self._provider))


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def _words(data: bytes) -> str:
    """Return the words of an error that comes as JSON; one that comes as text is its own words."""
    detail = _object(data).get("detail")
    return detail if isinstance(detail, str) else ""
