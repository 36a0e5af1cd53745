"""What all readers of replies share: telling a stream from a whole body by its first bytes, limits, and how one is cut.

What a head says is believed less than the bytes, since some servers send JSON under the name of a stream and streams
under another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

from hearth.dialects.dialect import Head
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.events import Failed, Frame
from hearth.problems import BrokenReply, Problem

R = TypeVar("R")
SPACE = b" \t\r\n\xef\xbb\xbf"
"""What may stand before and after a body: white space, and a byte order mark."""
_SSE_STARTS = b":deir"
"""How a record of an event stream begins: a comment, or one of the fields data, event, id and retry."""


class Splitter(Protocol[R]):
    """Cuts the bytes of a stream into records."""

    @property
    def pending(self) -> int:
        """How many bytes wait for the end of their record."""
        ...

    def feed(self, data: bytes) -> list[R]:
        """Return the records that these bytes complete."""
        ...


class ReplyMeaning:
    """What one reply of a provider means, with what has to be remembered between its records; it may fail."""

    def __init__(self, provider: str) -> None:
        """Nothing has been said yet."""
        self.failed = False
        self._provider = provider

    def fail(self, problem: Problem) -> Failed:
        """Return the failure; nothing means anything after it."""
        self.failed = True
        return Failed(problem)


M = TypeVar("M", bound=ReplyMeaning)


class ReplyReader(ABC, Generic[R, M]):
    """Reads one reply of a dialect: its records are given a meaning by `_frame`, a whole body by `_read_whole`.

    `whole` says whether the reply is one body; None until it is known. `finished` is set by the dialect.
    """

    opens = b"{"
    """The bytes that a whole body of this dialect may begin with."""

    def __init__(self, head: Head, provider: str, meaning: M, splitter: Splitter[R]) -> None:
        """Nothing has come yet."""
        self.finished = False
        self.whole: bool | None = None
        self._head = head
        self._provider = provider
        self._meaning = meaning
        self._splitter = splitter
        self._body: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole body is one frame, at `close`."""
        if self.whole is None and not self._begin(data):
            frames = self._keep(data)  # a server may send white space to keep the connection alive, but not for ever
            self.whole = True if self._meaning.failed else None
            return frames
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
        start = data.lstrip(SPACE)[:1]
        if not start:
            return False
        self.whole = not self._streams(start)
        return True

    def _streams(self, start: bytes) -> bool:
        """Say whether a reply that begins so is a stream."""
        return start in _SSE_STARTS

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
        return [self._failed(kept, self._broken("The reply is too long."))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole body, or the rest of a stream and whether it was cut."""
        if self.whole and self._meaning.failed:
            return []
        if self.whole or (self.whole is None and "event-stream" not in self._head.get("content-type").lower()):
            return [self._whole(b"".join(self._body))]
        frames = [Frame(b"".join(self._body))] if self._body else []
        frames += self._rest()
        if self.finished or self._meaning.failed:
            return frames
        return [*frames, self._end()]

    def _whole(self, body: bytes) -> Frame:
        """Read a whole body, unless it is no JSON at all: a page of a captive portal, or nothing (F7)."""
        text = body.strip(SPACE)
        if not text:
            return self._failed(body, self._broken("The reply is empty."))
        if text[:1] in self.opens:
            return self._read_whole(body, text)
        what = "A web page came instead of an answer." if text[:1] == b"<" else "What came is not JSON."
        return self._failed(body, self._broken(what, code="upstream_not_api"))

    @abstractmethod
    def _frame(self, record: R) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""

    @abstractmethod
    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a whole body, `text` without the space around it: a reply, or an error that came with status 200."""

    @abstractmethod
    def _rest(self) -> list[Frame]:
        """Return what is left of a stream that is over."""

    def _end(self) -> Frame:
        """Return the last frame of a stream that is over and was not finished."""
        return self._fail("The stream was cut before its end.")

    def _broken(self, what: str, code: str | None = None) -> BrokenReply:
        return BrokenReply(what, who=self._provider, code=code, upstream_status=self._head.status)

    def _failed(self, raw: bytes, problem: Problem) -> Frame:
        """Return bytes that the reply failed with."""
        return Frame(raw, (self._meaning.fail(problem),))

    def _fail(self, what: str) -> Frame:
        return self._failed(b"", self._broken(what))


class SseReader(ReplyReader[SseRecord, M]):
    """Reads a reply whose stream is one of events."""

    _splitter: SseSplitter

    def __init__(self, head: Head, provider: str, meaning: M) -> None:
        super().__init__(head, provider, meaning, SseSplitter())

    def _data(self, record: SseRecord) -> bytes | None:
        """Return what has to be read of a record; None where it says nothing, or comes after the end or a failure."""
        data = record.data
        if data is None or self.finished or self._meaning.failed or not data.strip() or data == b"[DONE]":
            return None
        return data

    def _rest(self) -> list[Frame]:
        """Return a last record without its empty line: whole if it ends its line, or its data are the end mark."""
        rest = self._splitter.close()
        if rest is None:
            return []
        whole = rest.raw.endswith((b"\n", b"\r")) or rest.data == b"[DONE]"
        return [self._frame(rest) if whole else Frame(rest.raw)]
