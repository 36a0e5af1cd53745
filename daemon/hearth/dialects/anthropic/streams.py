"""Replies of providers, read piece by piece: a stream of records, or a whole message, told apart by what arrives."""

from __future__ import annotations

import msgspec

from hearth.dialects.anthropic.chunks import decode_record, decode_whole
from hearth.dialects.anthropic.failures import from_body
from hearth.dialects.anthropic.meaning import Meaning
from hearth.dialects.dialect import Head
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.events import Frame
from hearth.problems import BrokenReply

_SSE_STARTS = b":deir"
"""How a record of a stream begins: a comment, or one of the fields data, event, id and retry."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one reply. A stream is finished by `message_stop`, and by nothing else."""

    finished: bool

    def __init__(self, head: Head, provider: str) -> None:
        self.finished = False
        self.whole: bool | None = None
        self._head = head
        self._provider = provider
        self._splitter = SseSplitter()
        self._body: list[bytes] = []
        self._size = 0
        self._meaning = Meaning(provider)

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole message is one frame, at `close`."""
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
            frames.append(self._fail("One record of the stream is too long."))
        return frames

    def _begin(self, data: bytes) -> bool:
        """Find out whether this is a stream; False while nothing but white space has come."""
        start = b"".join((*self._body, data)).lstrip(_SPACE)[:1]
        if not start:
            return False
        self.whole = start not in _SSE_STARTS
        return True

    def _keep(self, data: bytes) -> list[Frame]:
        """Keep a piece of a whole message, which is read at `close`; one that does not end is given up (F12)."""
        if self._meaning.failed:
            return [Frame(data)]
        self._body.append(data)
        self._size += len(data)
        if self._size <= MAX_RECORD:
            return []
        kept = b"".join(self._body)
        self._body.clear()
        return [Frame(kept, (self._meaning.fail(self._broken("The reply is too long.")),))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole message, or the rest of a stream and whether it was cut."""
        if self.whole and self._meaning.failed:
            return []
        if self.whole or (self.whole is None and "event-stream" not in self._head.get("content-type").lower()):
            return [self._read_whole(b"".join(self._body))]
        frames = [Frame(b"".join(self._body))] if self._body else []
        rest = self._splitter.close()
        if rest is not None:
            complete = rest.raw.endswith((b"\n", b"\r"))
            frames.append(self._frame(rest) if complete else Frame(rest.raw))
        if self.finished or self._meaning.failed:
            return frames
        return [*frames, self._fail("The stream was cut before its end.")]

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or self.finished or self._meaning.failed or not data.strip() or data == b"[DONE]":
            return Frame(record.raw)
        try:
            read = decode_record(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = from_body(data, None, self._provider)
            if problem is None:
                problem = self._broken("A record of the stream is not what this API sends.")
            return Frame(record.raw, (self._meaning.fail(problem),))
        if record.event == "error" and not read.error:
            read.type = "error"
        events = tuple(self._meaning.read(read))
        self.finished = self._meaning.done
        return Frame(record.raw, events)

    def _read_whole(self, body: bytes) -> Frame:
        """Read a whole body: a message, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] != b"{":
            return Frame(body, (self._meaning.fail(self._no_api(text)),))
        try:
            message = decode_whole(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            problem = from_body(text, self._head.status, self._provider)
            cut = self._broken("The reply cannot be read, or was cut.")
            return Frame(body, (self._meaning.fail(problem or cut),))
        if message.error or message.type == "error":
            problem = from_body(text, self._head.status, self._provider)
            return Frame(body, (self._meaning.fail(problem or self._broken("The reply is an error without words.")),))
        if message.content is None and not message.stop_reason:
            return Frame(body, (self._meaning.fail(self._broken("The reply holds no answer.")),))
        self.finished = True
        return Frame(body, tuple(self._meaning.whole(message)))

    def _no_api(self, text: bytes) -> BrokenReply:
        """Name what came instead of a reply: a page of a captive portal, or nothing (F7)."""
        if text[:1] == b"<":
            return self._broken("A web page came instead of an answer.", code="upstream_not_api")
        if not text:
            return self._broken("The reply is empty.")
        return self._broken("What came is not JSON.", code="upstream_not_api")

    def _broken(self, what: str, code: str | None = None) -> BrokenReply:
        return BrokenReply(what, who=self._provider, code=code, upstream_status=self._head.status)

    def _fail(self, what: str) -> Frame:
        return Frame(b"", (self._meaning.fail(self._broken(what)),))
