"""Replies of providers, read piece by piece: a stream of events, or a whole body, told apart by what arrives."""

from __future__ import annotations

import msgspec

from hearth.dialects.dialect import Destination, Head
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.dialects.openai_chat.chunks import Chunk, decode_chunk
from hearth.dialects.openai_chat.meaning import Meaning
from hearth.dialects.openai_chat.vectors import read_vectors
from hearth.dialects.openai_failures import from_reply
from hearth.events import (
    Done,
    Event,
    Failed,
    Frame,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from hearth.problems import BrokenReply

_SSE_STARTS = b":deir"
"""How a record of a stream begins: a comment, or one of the fields data, event, id and retry. What a head says is
believed less, since some servers send JSON under the name of a stream and streams under another."""
_SAYING = (TextDelta, ThinkingDelta, RefusalDelta, ToolCallDelta)
"""What an answer consists of. One without any of it and without a reason to end is what a server sends that gave up."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one reply. `hide_usage`: mere usage gets an empty raw; `many`: several choices, ended by the end mark."""

    finished: bool

    def __init__(self, head: Head, to: Destination, *, embed: bool, hide_usage: bool, many: bool = False) -> None:
        self.finished = False
        self.whole: bool | None = None
        self._head = head
        self._provider = to.provider
        self._embed = embed
        self._hide_usage = hide_usage
        self._many = many
        self._splitter = SseSplitter()
        self._body: list[bytes] = []
        self._meaning = Meaning(to.provider, exclusive=to.quirks.reasoning_exclusive, think_tags=to.quirks.think_tags)
        self._size = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole body is one frame, at `close`."""
        if self.whole is None and not self._begin(data):
            self._body.append(data)
            return []
        if self.whole:
            return self._keep(data)
        if self._body:
            data = b"".join((*self._body, data))
            self._body.clear()
        frames = [self._frame(record) for record in self._splitter.feed(data)]
        if not frames and self._splitter.pending > MAX_RECORD and not self._meaning.failed:
            frames.append(self._fail("one record of the stream is too long"))
        return frames

    def _begin(self, data: bytes) -> bool:
        """Find out whether this is a stream; False while nothing but white space has come."""
        start = b"".join((*self._body, data)).lstrip(_SPACE)[:1]
        if not start:
            return False
        self.whole = start not in _SSE_STARTS
        return True

    def _keep(self, data: bytes) -> list[Frame]:
        """Keep a piece of a whole body, which is read at `close`; one that does not end is given up (F12)."""
        if self._meaning.failed:
            return [Frame(data)]
        self._body.append(data)
        self._size += len(data)
        if self._size <= MAX_RECORD:
            return []
        kept = b"".join(self._body)
        self._body.clear()
        return [Frame(kept, (self._meaning.fail(self._broken("the reply is too long")),))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole body, or the rest of a stream and whether it was cut."""
        if self.whole and self._meaning.failed:
            return []
        if self.whole or (self.whole is None and "event-stream" not in self._head.get("content-type").lower()):
            return [self._read_whole(b"".join(self._body))]
        frames = [Frame(b"".join(self._body))] if self._body else []
        rest = self._splitter.close()
        if rest is not None:
            frames.append(self._frame(rest) if _complete(rest) else Frame(rest.raw))
        if self.finished or self._meaning.failed:
            return frames
        if self._meaning.all_finished and not self._many:
            self.finished = True
            return [*frames, Frame(b"", (Done(),))]
        return [*frames, self._fail("the stream was cut before its end")]

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or self.finished or self._meaning.failed:
            return Frame(record.raw)
        if data == b"[DONE]":
            if not self._meaning.begun:
                return Frame(record.raw, self._fail("the stream ended before it said anything").events)
            self.finished = True
            return Frame(record.raw, (*self._meaning.ended(), Done()))
        try:
            chunk = decode_chunk(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._unread(record)
        if chunk.choices is None and chunk.error is None and (record.event == "error" or chunk.content is None):
            problem = from_reply(data, None, self._provider)
            if problem is not None or record.event == "error":
                return Frame(record.raw, (self._meaning.fail(problem),))
        events = self._meaning.read(chunk)
        if chunk.stop and chunk.choices is None and not self._meaning.failed:
            self.finished = True
            events.append(Done())
        if self._hide_usage and chunk.usage is not None and not chunk.choices and not self._meaning.failed:
            return Frame(b"", tuple(events))
        return Frame(record.raw, tuple(events))

    def _unread(self, record: SseRecord) -> Frame:
        """Read a record that is no chunk: an error in another shape, or something broken."""
        data = record.data or b""
        if not data.strip():
            return Frame(record.raw)
        problem = from_reply(data, None, self._provider)
        if problem is None:
            problem = self._broken("a record of the stream is not what this API sends")
        return Frame(record.raw, (self._meaning.fail(problem),))

    def _read_whole(self, body: bytes) -> Frame:
        """Read a whole body: a reply, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] not in (b"{", b"["):
            return Frame(body, (self._meaning.fail(self._no_api(text)),))
        chunk = None if self._embed else _chunk(text)
        if chunk is None or not chunk.choices:
            problem = from_reply(text, self._head.status, self._provider)
            if problem is not None:
                return Frame(body, (self._meaning.fail(problem),))
        events = self._vectors(text) if self._embed else self._answer(chunk)
        if self._meaning.failed:
            return Frame(body, tuple(events))
        self.finished = True
        return Frame(body, (*events, *self._meaning.ended(), Done()))

    def _vectors(self, text: bytes) -> list[Event]:
        """Return the events of vectors."""
        try:
            return read_vectors(text)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return [self._unreadable()]

    def _answer(self, chunk: Chunk | None) -> list[Event]:
        """Return the events of a whole reply, one without an answer included."""
        if chunk is None:
            return [self._unreadable()]
        events = self._meaning.read(chunk, whole=True)
        if not chunk.choices and chunk.content is None and not self._meaning.failed:
            events.append(self._meaning.fail(self._broken("the reply holds no answer")))
        elif self._meaning.unended and not any(isinstance(event, _SAYING) for event in events):
            events.append(self._meaning.fail(self._broken("the answer was broken off without a reason")))
        return events

    def _unreadable(self) -> Failed:
        return self._meaning.fail(self._broken("the reply cannot be read, or was cut"))

    def _no_api(self, text: bytes) -> BrokenReply:
        """Name what came instead of a reply: a page of a captive portal, or nothing (F7)."""
        if text[:1] == b"<":
            return self._broken("a web page came instead of an answer", code="upstream_not_api")
        if not text:
            return self._broken("the reply is empty")
        return self._broken("what came is not JSON", code="upstream_not_api")

    def _broken(self, what: str, code: str | None = None) -> BrokenReply:
        return BrokenReply(
            f"{what[0].upper()}{what[1:]}.", who=self._provider, code=code, upstream_status=self._head.status
        )

    def _fail(self, what: str) -> Frame:
        return Frame(b"", (self._meaning.fail(self._broken(what)),))


def _chunk(text: bytes) -> Chunk | None:
    """Return a whole reply; None for what is none."""
    try:
        return decode_chunk(text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def _complete(record: SseRecord) -> bool:
    """Say whether a last record without its empty line is whole: it ends its line, or its data are the end mark."""
    return record.raw.endswith((b"\n", b"\r")) or record.data == b"[DONE]"
