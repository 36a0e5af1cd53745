"""What the pieces of one chat reply mean: text, thinking, calls, sources, and why it ended."""

from __future__ import annotations

from hearth.dialects.cohere.chunks import (
    Call,
    CitationWire,
    Content,
    Delta,
    MessageDelta,
    Record,
    Source,
    UsageWire,
    Whole,
)
from hearth.dialects.cohere.names import unspelled
from hearth.dialects.failures import clean
from hearth.dialects.reply_reader import ReplyMeaning
from hearth.events import (
    Citation,
    Done,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth.problems import Problem, ProviderFault, TimedOut

_REASONS: dict[str, FinishReason] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
_BROKEN_ENDS: dict[str, type[Problem]] = {"ERROR": ProviderFault, "TIMEOUT": TimedOut}


class Meaning(ReplyMeaning):
    """Reads the events of one stream, or a whole reply."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.ended = False
        """The last word was said."""
        self._numbers: dict[int, int] = {}
        self._empty: set[int] = set()

    def read(self, record: Record) -> list[Event]:  # noqa: PLR0911 -- returns once an event
        """Return the events of one record; none for what means nothing (`content-end`, `debug`, newer ones)."""
        delta = record.delta or Delta()
        message = delta.message or MessageDelta()
        index = record.index or 0
        match record.type, message:
            case "message-start", _:
                return [Started(record.id or "")]
            case "content-start" | "content-delta", MessageDelta(content=Content() as content):
                return _content(content)
            case "tool-plan-delta", MessageDelta(tool_plan=str(plan)) if plan:
                return [ThinkingDelta(plan)]
            case "tool-call-start", MessageDelta(tool_calls=Call() as call):
                return [self._begin(index, call)]
            case "tool-call-delta", MessageDelta(tool_calls=Call() as call):
                return self._go_on(index, call)
            case "tool-call-end", _:
                return self._end_call(index)
            case "citation-start", MessageDelta(citations=CitationWire() as citation):
                return _citations(citation)
            case "message-end", _:
                return self._end(delta.finish_reason or "", delta.usage, delta.error)
        return []

    def whole(self, reply: Whole) -> list[Event]:
        """Return the events of a whole reply."""
        events: list[Event] = [Started(reply.id or "")]
        message = reply.message
        if message is not None:
            if message.tool_plan:
                events.append(ThinkingDelta(message.tool_plan))
            for content in message.content or ():
                events += _content(content)
            for number, call in enumerate(message.tool_calls or ()):
                events.append(_whole_call(number, call))
            for citation in message.citations or ():
                events += _citations(citation)
        return events + self._end(reply.finish_reason or "", reply.usage, None)

    def _begin(self, index: int, call: Call) -> ToolCallDelta:
        number = self._numbers.setdefault(index, len(self._numbers))
        arguments = call.function.arguments or "" if call.function is not None else ""
        if not arguments:
            self._empty.add(number)
        name = unspelled(call.function.name or "") if call.function is not None else ""
        return ToolCallDelta(number, arguments, call.id or "", name)

    def _go_on(self, index: int, call: Call) -> list[Event]:
        number = self._numbers.get(index)
        piece = call.function.arguments if call.function is not None else None
        if number is None or not piece:
            return []
        self._empty.discard(number)
        return [ToolCallDelta(number, piece)]

    def _end_call(self, index: int) -> list[Event]:
        """Return `{}` for a call without arguments: they must be JSON (wire/providers §5.4)."""
        number = self._numbers.get(index)
        if number is None or number not in self._empty:
            return []
        self._empty.discard(number)
        return [ToolCallDelta(number, "{}", whole=True)]

    def _end(self, word: str, usage: UsageWire | None, error: str | None) -> list[Event]:
        self.ended = True
        counted = read_usage(usage)
        events: list[Event] = [counted] if counted is not None else []
        if word in _BROKEN_ENDS or error:
            kind = _BROKEN_ENDS.get(word, ProviderFault)
            said = clean(error or "") or f"The reply ended with {word!r}."
            return [*events, self.fail(kind(said, who=self._provider))]
        missing: list[Event] = [ToolCallDelta(number, "{}", whole=True) for number in sorted(self._empty)]
        return [*missing, Finished(_REASONS.get(word, "unknown"), word), *events, Done()]


def _content(content: Content) -> list[Event]:
    events: list[Event] = []
    if content.thinking:
        events.append(ThinkingDelta(content.thinking))
    if content.text:
        events.append(TextDelta(content.text))
    return events


def _whole_call(number: int, call: Call) -> ToolCallDelta:
    function = call.function
    if function is None:
        return ToolCallDelta(number, "{}", call.id or "", whole=True)
    return ToolCallDelta(number, function.arguments or "{}", call.id or "", unspelled(function.name or ""), whole=True)


def _citations(wire: CitationWire) -> list[Event]:
    found = (_citation(source) for source in wire.sources or ())
    return [citation for citation in found if citation is not None]


def _citation(source: Source) -> Citation | None:
    """Return a source by its address or title; one that has neither is called by its id."""
    said = source.document or source.tool_output or {}
    url, title = (said[name] if isinstance(said.get(name), str) else "" for name in ("url", "title"))
    quote = next((said[name] for name in ("snippet", "text") if isinstance(said.get(name), str)), "")
    title = title or (source.id or "" if not url else "")
    return Citation(url, title, quote) if url or title else None


def read_usage(wire: UsageWire | None) -> Usage | None:
    """Return the counts; what is billed stands in where nothing was counted (wire/providers §2)."""
    if wire is None:
        return None
    tokens = wire.tokens or wire.billed_units
    if tokens is None or (tokens.input_tokens is None and tokens.output_tokens is None):
        return None
    return Usage(
        input=_count(tokens.input_tokens), output=_count(tokens.output_tokens), cached=_count(wire.cached_tokens)
    )


def _count(number: float | None) -> int | None:
    return None if number is None else int(number)
