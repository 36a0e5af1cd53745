"""What the records of one reply mean, with what has to be remembered between them: open blocks, calls, counts."""

from __future__ import annotations

from msgspec import Raw, Struct

from hearth.dialects.anthropic.chunks import CitationWire, Content, Delta, MessageWire, Record, StopDetails
from hearth.dialects.anthropic.failures import from_error
from hearth.dialects.anthropic.seals import NAME, REDACTED, seal
from hearth.dialects.anthropic.usage import UsageWire, read_usage
from hearth.dialects.reply_reader import ReplyMeaning
from hearth.events import (
    Citation,
    Done,
    Event,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)

REASONS: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "filter",
}
_EMPTY = frozenset((b"{}", b"null", b'""'))


class _Open(Struct):
    """A block that has begun."""

    type: str
    call: int = -1
    empty: bool = True
    given: str = ""
    """Arguments that stood in its start already, as some servers write them."""
    signature: str = ""


class Meaning(ReplyMeaning):
    """The events of one reply. Blocks of types nobody here knows (server tools) mean nothing and harm nothing."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.ended = False
        self._open: dict[int, _Open] = {}
        self._calls = 0
        self._usage: Usage | None = None
        self._finished = False

    def read(self, record: Record) -> list[Event]:
        """Return the events of one record."""
        match record:
            case Record(type="content_block_delta", delta=Delta() as delta):
                return self._delta(record.index, delta)
            case Record(type="content_block_start", content_block=Content() as block):
                return self._start(record.index, block)
            case Record(type="content_block_stop"):
                return self._stop(record.index)
            case Record(type="message_start", message=MessageWire() as message):
                return self._begin(message)
            case Record(type="message_delta"):
                return self._end(record)
            case Record(type="message_stop"):
                self.ended = True
                return [*self._stop_all(), *self._unended(), Done()]
            case Record(type="error") | Record(error=dict() | str()):
                return [self.fail(from_error(record.error, self._provider))]
        return []

    def whole(self, message: MessageWire) -> list[Event]:
        """Return the events of a whole reply."""
        events: list[Event] = [Started(message.id or "", message.model or "")]
        for number, block in enumerate(message.content or ()):
            events += self._start(number, block)
            events += self._stop(number)
        events += self._counts(message.usage, ended=True)
        events += self._finish(message.stop_reason or "", message.stop_sequence, message.stop_details)
        self.ended = True
        return [*events, Done()]

    def _begin(self, message: MessageWire) -> list[Event]:
        return [Started(message.id or "", message.model or ""), *self._counts(message.usage, ended=False)]

    def _start(self, index: int, block: Content) -> list[Event]:
        opened = self._open[index] = _Open(block.type)
        events: list[Event] = []
        match block.type:
            case "text":
                if block.text:
                    events.append(TextDelta(block.text))
                events += [_citation(citation) for citation in block.citations or ()]
            case "thinking":
                opened.signature = block.signature or ""
                if block.thinking:
                    events.append(ThinkingDelta(block.thinking))
            case "redacted_thinking" if isinstance(block.data, str):
                events.append(ThinkingSealed(REDACTED + block.data, NAME))
            case "tool_use":
                opened.call = self._calls
                self._calls += 1
                if isinstance(block.input, Raw) and bytes(block.input) not in _EMPTY:
                    opened.given = bytes(block.input).decode()
                events.append(ToolCallDelta(opened.call, "", block.id or "", block.name or ""))
        return events

    def _delta(self, index: int, delta: Delta) -> list[Event]:
        if delta.text and delta.type == "text_delta":
            return [TextDelta(delta.text)]
        if delta.thinking:
            return [ThinkingDelta(delta.thinking)]
        if delta.citation is not None:
            return [_citation(delta.citation)]
        opened = self._open.get(index)
        if opened is None:
            return []
        if delta.signature:
            opened.signature = delta.signature
        if delta.partial_json and opened.call >= 0:
            opened.empty = False
            return [ToolCallDelta(opened.call, delta.partial_json)]
        return []

    def _stop(self, index: int) -> list[Event]:
        """Return what is only sure at the end of a block: the seal of thoughts, the arguments of a call without any."""
        opened = self._open.pop(index, None)
        if opened is None:
            return []
        if opened.call >= 0:
            return [ToolCallDelta(opened.call, opened.given or "{}", whole=True)] if opened.empty else []
        if opened.type == "thinking" and opened.signature:
            opaque, producer = seal(opened.signature)
            return [ThinkingSealed(opaque, producer)] if opaque else []
        return []

    def _stop_all(self) -> list[Event]:
        return [event for index in tuple(self._open) for event in self._stop(index)]

    def _end(self, record: Record) -> list[Event]:
        events = self._counts(record.usage, ended=True)
        delta = record.delta
        if delta is None or delta.stop_reason is None:
            return events
        return [*self._stop_all(), *events, *self._finish(delta.stop_reason, delta.stop_sequence, delta.stop_details)]

    def _counts(self, wire: UsageWire | None, *, ended: bool) -> list[Event]:
        usage = read_usage(wire, self._usage, ended=ended) if wire is not None else None
        if usage is None:
            return []
        self._usage = usage
        return [usage]

    def _finish(self, word: str, sequence: str | None, details: StopDetails | None) -> list[Event]:
        """Return the end; a refusal's explanation is the last thing said."""
        if self._finished:
            return []
        self._finished = True
        events: list[Event] = []
        if details is not None and details.explanation:
            events.append(RefusalDelta(details.explanation))
        reason = REASONS.get(word, "unknown")
        if reason == "stop" and self._calls and word != "pause_turn":
            reason = "tool_calls"
        return [*events, Finished(reason, word, sequence=sequence or "")]

    def _unended(self) -> list[Event]:
        return [] if self._finished else self._finish("", None, None)


def _citation(wire: CitationWire) -> Citation:
    """Return a source: a page by its address, a document by its title."""
    return Citation(
        url=wire.url or wire.source or "", title=wire.title or wire.document_title or "", quote=wire.cited_text or ""
    )
