"""Replies of providers, read piece by piece: a stream of events, or a whole body, told apart by what arrives."""

from __future__ import annotations

from hearth.dialects.dialect import Destination, Head
from hearth.dialects.framing import SseRecord
from hearth.dialects.openai_chat.chunks import Chunk, decode_chunk
from hearth.dialects.openai_chat.details import NAME as DETAILS
from hearth.dialects.openai_chat.meaning import Meaning
from hearth.dialects.openai_chat.vectors import read_vectors
from hearth.dialects.openai_failures import from_reply
from hearth.dialects.reply_reader import SseReader
from hearth.dialects.unreadable import UNREADABLE
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
from hearth.problems import ProviderFault

_SAYING = (TextDelta, ThinkingDelta, RefusalDelta, ToolCallDelta)
"""What an answer consists of. One without any of it and without a reason to end is what a server sends that gave up."""
_WORDLESS = "The stream ended in an error."


class Reader(SseReader[Meaning]):
    """Reads one reply. `hide_usage`: mere usage gets an empty raw; `many`: several choices, ended by the end mark."""

    opens = b"{["

    def __init__(self, head: Head, to: Destination, *, embed: bool, hide_usage: bool, many: bool = False) -> None:
        meaning = Meaning(
            to.provider,
            exclusive=to.quirks.reasoning_exclusive,
            think_tags=to.quirks.think_tags,
            details_back=to.quirks.echo_reasoning == DETAILS,
        )
        super().__init__(head, to.provider, meaning)
        self._embed = embed
        self._hide_usage = hide_usage
        self._many = many

    def _end(self) -> Frame:
        if self._many or not self._meaning.all_finished:
            return super()._end()
        self.finished = True
        return Frame(b"", (Done(),))

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or self.finished or self._meaning.failed:
            return Frame(record.raw)
        if data == b"[DONE]":
            if not self._meaning.begun:
                return self._failed(record.raw, self._broken("The stream ended before it said anything."))
            self.finished = True
            return Frame(record.raw, (*self._meaning.end_all(), Done()))
        try:
            chunk = decode_chunk(data)
        except UNREADABLE:
            return self._unread(record)
        if chunk.choices is None and chunk.error is None and (record.event == "error" or chunk.content is None):
            problem = from_reply(data, None, self._provider)
            if problem is not None or record.event == "error":
                return self._failed(record.raw, problem or ProviderFault(_WORDLESS, who=self._provider))
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
        what = "A record of the stream is not what this API sends."
        return self._failed(record.raw, problem or self._broken(what))

    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a reply, or an error that came with status 200."""
        chunk = None if self._embed else _chunk(text)
        if chunk is None or not chunk.choices:
            problem = from_reply(text, self._head.status, self._provider)
            if problem is not None:
                return self._failed(body, problem)
        events = self._vectors(text) if self._embed else self._answer(chunk)
        if self._meaning.failed:
            return Frame(body, tuple(events))
        self.finished = True
        return Frame(body, (*events, *self._meaning.end_all(), Done()))

    def _vectors(self, text: bytes) -> list[Event]:
        """Return the events of vectors."""
        try:
            return read_vectors(text)
        except (*UNREADABLE, ValueError):
            return [self._unreadable()]

    def _answer(self, chunk: Chunk | None) -> list[Event]:
        """Return the events of a whole reply, one without an answer included."""
        if chunk is None:
            return [self._unreadable()]
        events = self._meaning.read(chunk, whole=True)
        if not chunk.choices and chunk.content is None and not self._meaning.failed:
            events.append(self._meaning.fail(self._broken("The reply holds no answer.")))
        elif self._meaning.unended and not any(isinstance(event, _SAYING) for event in events):
            events.append(self._meaning.fail(self._broken("The answer was broken off without a reason.")))
        return events

    def _unreadable(self) -> Failed:
        return self._meaning.fail(self._broken("The reply cannot be read, or was cut."))


def _chunk(text: bytes) -> Chunk | None:
    """Return a whole reply; None for what is none."""
    try:
        return decode_chunk(text)
    except UNREADABLE:
        return None
