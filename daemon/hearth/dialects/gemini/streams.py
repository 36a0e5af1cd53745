"""Replies of providers, read piece by piece: a stream of events, an array of chunks, or one whole body."""

from __future__ import annotations

import msgspec

from hearth.dialects.dialect import Head
from hearth.dialects.framing import MAX_RECORD
from hearth.dialects.gemini.chunks import decode_chunk
from hearth.dialects.gemini.failures import from_reply
from hearth.dialects.gemini.meaning import Meaning
from hearth.dialects.gemini.records import ArrayRecords, EventRecords, Record
from hearth.dialects.gemini.vectors import read_vectors
from hearth.events import Done, Event, Frame
from hearth.problems import BrokenReply

_SPACE = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one reply. Nothing but the end of the body says that it is over: a Gemini sends no end mark."""

    finished: bool

    def __init__(self, head: Head, provider: str, *, embed: bool) -> None:
        """What is read turns out with the first byte: an object is a whole body, an array a stream of its elements."""
        self.finished = False
        self.whole: bool | None = None
        self._head = head
        self._provider = provider
        self._embed = embed
        self._records: EventRecords | ArrayRecords = EventRecords()
        self._body: list[bytes] = []
        self._size = 0
        self._array_ended = False
        self._meaning = Meaning(provider)

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
        frames = [self._frame(record) for record in self._records.feed(data)]
        if not frames and self._records.pending > MAX_RECORD and not self._meaning.failed:
            frames.append(self._fail("one record of the stream is too long"))
        return frames

    def _begin(self, data: bytes) -> bool:
        """Find out what this is; False while nothing but white space has come."""
        start = b"".join((*self._body, data)).lstrip(_SPACE)[:1]
        if not start:
            return False
        self.whole = start not in b":deir["
        if start == b"[":
            self._records = ArrayRecords()
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
        frames += [self._frame(record) for record in self._records.close()]
        if self._meaning.failed:
            return frames
        if self._is_over():
            self.finished = True
            return [*frames, Frame(b"", (Done(),))]
        return [*frames, self._fail("the stream was cut before its end")]

    def _is_over(self) -> bool:
        """Say whether each candidate has given its reason, and the form of the stream is complete."""
        ended = self._array_ended if isinstance(self._records, ArrayRecords) else True
        return ended and self._records.pending == 0 and self._meaning.all_finished

    def _frame(self, record: Record) -> Frame:
        """Read one record; after a failure bytes are passed on without a meaning."""
        if record.last:
            self._array_ended = True
        data = record.data
        if self._meaning.failed or (data is None and not record.bare):
            return Frame(record.raw)
        return Frame(record.raw, tuple(self._events(data or b"", bare=record.bare)))

    def _events(self, data: bytes, *, bare: bool) -> list[Event]:
        """Return what a record means: a chunk, or an error in one of its shapes."""
        if not data.strip() and not bare:
            return []
        if data.strip() == b"[DONE]":
            return []
        problem = from_reply(data, None, self._provider) if bare or b'"error"' in data else None
        if problem is not None:
            return [self._meaning.fail(problem)]
        try:
            return self._meaning.read(decode_chunk(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return [self._meaning.fail(self._broken("a record of the stream is not what this API sends"))]

    def _read_whole(self, body: bytes) -> Frame:
        """Read a whole body: a reply, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] != b"{":
            return Frame(body, (self._meaning.fail(self._no_api(text)),))
        problem = from_reply(text, self._head.status, self._provider)
        if problem is not None:
            return Frame(body, (self._meaning.fail(problem),))
        try:
            events = read_vectors(text) if self._embed else self._meaning.read(decode_chunk(text))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return Frame(body, (self._meaning.fail(self._broken("the reply cannot be read, or was cut")),))
        if self._meaning.failed:
            return Frame(body, tuple(events))
        if not self._embed and not self._meaning.all_finished:
            events.append(self._meaning.fail(self._broken("the answer was broken off without a reason")))
            return Frame(body, tuple(events))
        self.finished = True
        return Frame(body, (*events, Done()))

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
