"""Replies of providers, read piece by piece: a stream of events, or a whole response, told apart by what arrives."""

from __future__ import annotations

from hearth.dialects.dialect import Head
from hearth.dialects.framing import SseRecord
from hearth.dialects.openai_failures import from_reply
from hearth.dialects.openai_responses.chunks import decode_body, decode_event
from hearth.dialects.openai_responses.meaning import Meaning
from hearth.dialects.reply_reader import SseReader
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Done, Event, Frame


class Reader(SseReader[Meaning]):
    """Reads one reply."""

    def __init__(self, head: Head, provider: str) -> None:
        super().__init__(head, provider, Meaning(provider))

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = self._data(record)
        if data is None:
            return Frame(record.raw)
        try:
            wire = decode_event(data)
        except UNREADABLE:
            return self._unread(record.raw, data)
        if not wire.type and wire.error is None:
            return self._unread(record.raw, data)
        return self._heeded(record.raw, self._meaning.read(wire))

    def _heeded(self, raw: bytes, events: list[Event]) -> Frame:
        """Take note of an end, which is always the last event."""
        self.finished = bool(events) and isinstance(events[-1], Done)
        return Frame(raw, tuple(events))

    def _unread(self, raw: bytes, data: bytes) -> Frame:
        """Read a record that is no event: an error in another shape, or something broken."""
        problem = from_reply(data, None, self._provider)
        return self._failed(raw, problem or self._broken("A record of the stream is not what this API sends."))

    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a response, or an error that came with status 200."""
        try:
            found = decode_body(text)
        except UNREADABLE:
            return self._failed(body, self._broken("The reply cannot be read, or was cut."))
        if found.output is None and found.status is None:
            problem = from_reply(text, self._head.status, self._provider)
            return self._failed(body, problem or self._broken("The reply holds no answer."))
        return self._heeded(body, self._meaning.whole(found))
