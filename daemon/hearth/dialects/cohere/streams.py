"""Replies of Cohere, read piece by piece: a stream of events, or a whole body, told apart by what arrives."""

from __future__ import annotations

from collections.abc import Callable

from hearth.dialects.cohere.chunks import decode_embedded, decode_record, decode_whole
from hearth.dialects.cohere.failures import from_reply
from hearth.dialects.cohere.meaning import Meaning
from hearth.dialects.cohere.vectors import read_vectors
from hearth.dialects.dialect import Head
from hearth.dialects.framing import SseRecord
from hearth.dialects.reply_reader import SseReader
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Event, Frame


class Reader(SseReader[Meaning]):
    """Reads one reply, of chat or of embeddings."""

    def __init__(self, head: Head, provider: str, *, embed: bool) -> None:
        super().__init__(head, provider, Meaning(provider))
        self._embed = embed

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = self._data(record)
        if data is None:
            return Frame(record.raw)
        try:
            found = decode_record(data)
        except UNREADABLE:
            problem = from_reply(data, None, self._provider)
            what = "A record of the stream is not what this API sends."
            return self._failed(record.raw, problem or self._broken(what))
        if found.type is None:
            problem = from_reply(data, None, self._provider)
            return Frame(record.raw) if problem is None else self._failed(record.raw, problem)
        return self._heeded(record.raw, self._meaning.read(found))

    def _heeded(self, raw: bytes, events: list[Event]) -> Frame:
        """Take note of a good end among these events."""
        self.finished = self._meaning.ended and not self._meaning.failed
        return Frame(raw, tuple(events))

    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a reply, or an error that came with status 200."""
        problem = from_reply(text, self._head.status, self._provider)
        if problem is not None:
            return self._failed(body, problem)
        read: Callable[[bytes], list[Event]] = self._vectors if self._embed else self._chat
        try:
            events = read(text)
        except (*UNREADABLE, ValueError):
            return self._failed(body, self._broken("The reply cannot be read, or was cut."))
        return self._heeded(body, events)

    def _vectors(self, text: bytes) -> list[Event]:
        self._meaning.ended = True
        return read_vectors(decode_embedded(text))

    def _chat(self, text: bytes) -> list[Event]:
        found = decode_whole(text)
        if found.message is None:
            raise ValueError
        return self._meaning.whole(found)
