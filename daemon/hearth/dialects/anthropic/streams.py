"""Replies of providers, read piece by piece: a stream of records, or a whole message, told apart by what arrives."""

from __future__ import annotations

from hearth.dialects.anthropic.chunks import decode_record, decode_whole
from hearth.dialects.anthropic.failures import from_reply
from hearth.dialects.anthropic.meaning import Meaning
from hearth.dialects.dialect import Head
from hearth.dialects.framing import SseRecord
from hearth.dialects.reply_reader import SseReader
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Frame


class Reader(SseReader[Meaning]):
    """Reads one reply. A stream is finished by `message_stop`, and by nothing else."""

    def __init__(self, head: Head, provider: str) -> None:
        super().__init__(head, provider, Meaning(provider))

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = self._data(record)
        if data is None:
            return Frame(record.raw)
        try:
            read = decode_record(data)
        except UNREADABLE:
            problem = from_reply(data, None, self._provider)
            what = "A record of the stream is not what this API sends."
            return self._failed(record.raw, problem or self._broken(what))
        if record.event == "error" and not read.error:
            read.type = "error"
        events = tuple(self._meaning.read(read))
        self.finished = self._meaning.ended
        return Frame(record.raw, events)

    def _read_whole(self, body: bytes, text: bytes) -> Frame:
        """Read a whole message, or an error that came with status 200."""
        try:
            message = decode_whole(text)
        except UNREADABLE:
            problem = from_reply(text, self._head.status, self._provider)
            return self._failed(body, problem or self._broken("The reply cannot be read, or was cut."))
        if message.error or message.type == "error":
            problem = from_reply(text, self._head.status, self._provider)
            return self._failed(body, problem or self._broken("The reply is an error without words."))
        if message.content is None and not message.stop_reason:
            return self._failed(body, self._broken("The reply holds no answer."))
        self.finished = True
        return Frame(body, tuple(self._meaning.whole(message)))
