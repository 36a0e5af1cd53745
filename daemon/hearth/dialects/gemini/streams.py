"""Replies of providers, read piece by piece: a stream of events, an array of chunks, or one whole body."""

from __future__ import annotations

from hearth.dialects.dialect import Head
from hearth.dialects.gemini.chunks import decode_chunk
from hearth.dialects.gemini.failures import from_reply
from hearth.dialects.gemini.meaning import Meaning
from hearth.dialects.gemini.records import ArrayRecords, EventRecords, Record
from hearth.dialects.gemini.vectors import read_vectors
from hearth.dialects.reply_reader import ReplyReader
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Done, Event, Frame


class Reader(ReplyReader[Record, Meaning]):
    """Reads one reply. Nothing but the end of the body says that it is over: a Gemini sends no end mark."""

    _splitter: EventRecords | ArrayRecords

    def __init__(self, head: Head, provider: str, *, embed: bool) -> None:
        """What is read turns out with the first byte: an object is a whole body, an array a stream of its elements."""
        super().__init__(head, provider, Meaning(provider), EventRecords())
        self._embed = embed
        self._array_ended = False

    def _streams(self, start: bytes) -> bool:
        if start == b"[":
            self._splitter = ArrayRecords()
        return start == b"[" or super()._streams(start)

    def _rest(self) -> list[Frame]:
        return [self._frame(record) for record in self._splitter.close()]

    def _end(self) -> Frame:
        if not self._is_over():
            return super()._end()
        self.finished = True
        return Frame(b"", (Done(),))

    def _is_over(self) -> bool:
        """Say whether each candidate has given its reason, and the form of the stream is complete."""
        ended = self._array_ended if isinstance(self._splitter, ArrayRecords) else True
        return ended and self._splitter.pending == 0 and self._meaning.all_finished

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
        said = data.strip()
        if said == b"[DONE]" or not (said or bare):
            return []
        problem = from_reply(data, None, self._provider) if bare or b'"error"' in data else None
        if problem is not None:
            return [self._meaning.fail(problem)]
        try:
            return self._meaning.read(decode_chunk(data))
        except UNREADABLE:
            return [self._meaning.fail(self._broken("A record of the stream is not what this API sends."))]

    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a reply, or an error that came with status 200."""
        problem = from_reply(text, self._head.status, self._provider)
        if problem is not None:
            return self._failed(body, problem)
        try:
            events = read_vectors(text) if self._embed else self._meaning.read(decode_chunk(text))
        except (*UNREADABLE, ValueError):
            return self._failed(body, self._broken("The reply cannot be read, or was cut."))
        if self._meaning.failed:
            return Frame(body, tuple(events))
        if not self._embed and not self._meaning.all_finished:
            events.append(self._meaning.fail(self._broken("The answer was broken off without a reason.")))
            return Frame(body, tuple(events))
        self.finished = True
        return Frame(body, (*events, Done()))
