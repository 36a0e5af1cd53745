"""Replies of Cohere, read piece by piece: a stream of events, or a whole body, told apart by what arrives."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from hearth.dialects.cohere.chunks import decode_embedded, decode_record, decode_whole
from hearth.dialects.cohere.embeddings import read_vectors
from hearth.dialects.cohere.failures import from_reply
from hearth.dialects.cohere.meaning import Meaning
from hearth.dialects.dialect import Head
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.events import Event, Failed, Frame
from hearth.problems import BrokenReply, Problem

_STREAM_STARTS = b":deir"
"""How a record of a stream begins: a comment, or one of the fields data, event, id and retry."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one reply, of chat or of embeddings."""

    finished: bool

    def __init__(self, head: Head, provider: str, *, embed: bool) -> None:
        self.finished = False
        self.whole: bool | None = None
        """Whether the reply is a whole body; None until it is known."""
        self._head = head
        self._provider = provider
        self._embed = embed
        self._splitter = SseSplitter()
        self._body = bytearray()
        self._meaning = Meaning(provider)
        self._failed = False

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole body is one frame, at `close`."""
        if self.whole is None:
            data = bytes(self._body) + data
            self._body.clear()
            start = data.lstrip(_SPACE)[:1]
            if start:
                self.whole = start not in _STREAM_STARTS
        if self.whole is not False:
            return self._keep(data)
        frames = [self._frame(record) for record in self._splitter.feed(data)]
        if not frames and self._splitter.pending > MAX_RECORD and not self._failed:
            frames.append(self._fail("one record of the stream is too long"))
        return frames

    def _keep(self, data: bytes) -> list[Frame]:
        """Keep a piece of a whole body; one that does not end is given up (F12)."""
        if self._failed:
            return [Frame(data)]
        self._body += data
        if len(self._body) <= MAX_RECORD:
            return []
        kept = bytes(self._body)
        self._body.clear()
        return [Frame(kept, (self._failure(self._broken("the reply is too long")),))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole body, or the rest of a stream and whether it was cut."""
        if self.whole and self._failed:
            return []
        if self.whole is not False:
            return [self._whole(bytes(self._body))]
        frames: list[Frame] = []
        rest = self._splitter.close()
        if rest is not None:
            frames.append(self._frame(rest) if rest.raw.endswith((b"\n", b"\r")) else Frame(rest.raw))
        if not self.finished and not self._failed:
            frames.append(self._fail("the stream was cut before its end"))
        return frames

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or not data.strip() or data == b"[DONE]" or self.finished or self._failed:
            return Frame(record.raw)
        try:
            found = decode_record(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = from_reply(data, None, self._provider)
            what = self._broken("a record of the stream is not what this API sends")
            return Frame(record.raw, (self._failure(problem or what),))
        if found.type is None:
            problem = from_reply(data, None, self._provider)
            return Frame(record.raw, (self._failure(problem),) if problem is not None else ())
        return Frame(record.raw, self._heeded(self._meaning.read(found)))

    def _heeded(self, events: list[Event]) -> tuple[Event, ...]:
        """Take note of an end among these events, good or bad."""
        self._failed = any(isinstance(event, Failed) for event in events)
        self.finished = self._meaning.ended and not self._failed
        return tuple(events)

    def _whole(self, body: bytes) -> Frame:
        """Read a whole body: a reply, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] != b"{":
            return Frame(body, (self._failure(self._no_api(text)),))
        problem = from_reply(text, self._head.status, self._provider)
        if problem is not None:
            return Frame(body, (self._failure(problem),))
        read: Callable[[bytes], list[Event]] = self._vectors if self._embed else self._chat
        try:
            events = read(text)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return Frame(body, (self._failure(self._broken("the reply cannot be read, or was cut")),))
        return Frame(body, self._heeded(events))

    def _vectors(self, text: bytes) -> list[Event]:
        self._meaning.ended = True
        return read_vectors(decode_embedded(text))

    def _chat(self, text: bytes) -> list[Event]:
        found = decode_whole(text)
        if found.message is None:
            raise ValueError
        return self._meaning.whole(found)

    def _no_api(self, text: bytes) -> BrokenReply:
        """Name what came instead of a reply: a page of a captive portal, or nothing (F7)."""
        if text[:1] == b"<":
            return self._broken("a web page came instead of an answer", code="upstream_not_api")
        if not text:
            return self._broken("the reply is empty")
        return self._broken("what came is not JSON", code="upstream_not_api")

    def _broken(self, what: str, code: str | None = None) -> BrokenReply:
        said = f"{what[0].upper()}{what[1:]}."
        return BrokenReply(said, who=self._provider, code=code, upstream_status=self._head.status)

    def _failure(self, problem: Problem) -> Failed:
        self._failed = True
        return Failed(problem)

    def _fail(self, what: str) -> Frame:
        return Frame(b"", (self._failure(self._broken(what)),))
