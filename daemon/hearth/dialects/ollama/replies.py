"""Replies as Ollama writes them: one object a line, or one object for all; fields in the order of the recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec

from hearth.call import Outline
from hearth.dialects.dialect import Stamp
from hearth.dialects.ollama.calls import CallBuffer
from hearth.dialects.ollama.errors import write_in_band
from hearth.dialects.ollama.json_text import one_line, quoted
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, Problem

WHOLE = "application/json; charset=utf-8"
LINES = "application/x-ndjson"
_REASONS: dict[FinishReason, bytes] = {
    "stop": b"stop",
    "tool_calls": b"stop",
    "length": b"length",
    "load": b"load",
    "unload": b"unload",
    "filter": b"content_filter",
    "unknown": b"",
}
"""Ollama has no word for a filter; the one most providers use is sent, so that a withheld answer never looks whole."""

_encode = msgspec.json.Encoder().encode


class Writer:
    """Writes one reply of chat or generate."""

    heartbeat = b""

    def __init__(self, outline: Outline, stamp: Stamp) -> None:
        self.content_type = LINES if outline.stream else WHOLE
        self._chat = outline.route == "chat"
        self._hide_thinking = outline.wishes.thinking == "hide"
        self._head = _head(stamp)
        self._before, self._after = (
            (b',"message":{"role":"assistant","content":', b'},"done":false')
            if self._chat
            else (b',"response":', b',"done":false')
        )
        self._calls = CallBuffer()
        self._held: list[bytes] = []
        self._usage = Usage()
        self._reason: FinishReason | None = None
        self._over = False

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the lines of these events.

        A tool call is held back until it is whole; one that never is ends the stream in an error.
        """
        if self._over:
            return b""
        if len(events) == 1 and isinstance(text := events[0], TextDelta) and text.text:
            return self._line(quoted(text.text))
        lines: list[bytes] = []
        try:
            for line in self._lines(events):
                lines.append(line)  # noqa: PERF402 -- the lines before a failure are kept
        except Problem as problem:
            lines.append(self.failed(problem))
        return b"".join(lines)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return one object; text, thinking, calls and probabilities of all events are joined."""
        text: list[str] = []
        thoughts: list[str] = []
        logprobs: list[msgspec.Raw] = []
        for event in events:
            if type(event) in _NOTED:  # `match` would ask each struct's metaclass before, which takes ten times as long
                self._note(event)
                continue
            match event:
                case TextDelta() | RefusalDelta():
                    text.append(event.text)
                case ThinkingDelta():
                    thoughts.append(event.text)
                case ToolCallDelta():
                    self._held += self._calls.add(event)
                case LogProbs():
                    logprobs += _items(event.content)
                case Failed():
                    raise event.problem
        if self._reason is None:
            raise BrokenReply("The reply ended without its end mark.")
        self._held += self._calls.close(cut=self._reason == "length")
        thinking = quoted("".join(thoughts)) if thoughts and not self._hide_thinking else b""
        return self._final(quoted("".join(text)), thinking, one_line(_encode(logprobs)) if logprobs else b"")

    def failed(self, problem: Problem) -> bytes:
        """Return the error line that Ollama ends a broken stream with; nothing follows it."""
        if self._over:
            return b""
        self._over = True
        return write_in_band(problem)

    def _lines(self, events: Sequence[Event]) -> Iterable[bytes]:
        """Yield a line for each event that needs one."""
        for at, event in enumerate(events):
            match event:
                case Finished() | Done():
                    self._note(event)
                    yield from self._call_lines(self._calls.close(cut=self._reason == "length"))
                    if isinstance(event, Done):
                        yield self._final(b'""', b"", b"") + b"\n"
                        self._over = True
                        return
                case Failed():
                    yield self.failed(event.problem)
                    return
                case ToolCallDelta():
                    yield from self._call_lines(self._calls.add(event))
                case Usage():
                    self._note(event)
                case _:
                    yield self._content_line(event, events[at - 1] if at else None, events[at + 1 : at + 2])

    def _content_line(self, event: Event, before: Event | None, after: Sequence[Event]) -> bytes:
        """Return the line of a piece of text or thought; probabilities go into the line of the text before them."""
        match event:
            case TextDelta() | RefusalDelta():
                logprobs = one_line(bytes(after[0].content)) if after and isinstance(after[0], LogProbs) else b""
                return self._line(quoted(event.text), logprobs=logprobs) if event.text or logprobs else b""
            case ThinkingDelta() if event.text and not self._hide_thinking:
                return self._line(b'""', thinking=quoted(event.text))
            case LogProbs() if not isinstance(before, TextDelta | RefusalDelta):
                return self._line(b'""', logprobs=one_line(bytes(event.content)))
        return b""

    def _note(self, event: Event) -> None:
        """Keep what the last object tells."""
        match event:
            case Usage():
                self._usage = _merged(self._usage, event)
            case Finished():
                self._reason = event.reason
            case Done():
                self._reason = self._reason or "unknown"

    def _line(self, text: bytes, thinking: bytes = b"", logprobs: bytes = b"") -> bytes:
        if not thinking and not logprobs:
            return b"%b%b%b%b}\n" % (self._head, self._before, text, self._after)
        more = b',"thinking":' + thinking if thinking else b""
        end = b',"logprobs":' + logprobs if logprobs else b""
        return b"%b%b%b%b%b%b}\n" % (self._head, self._before, text, more, self._after, end)

    def _call_lines(self, calls: list[bytes]) -> Iterable[bytes]:
        """Chat sends each call in a line of its own, generate all of them in its last object."""
        if not self._chat:
            self._held += calls
            return
        for call in calls:
            yield b'%b%b"","tool_calls":[%b]%b}\n' % (self._head, self._before, call, self._after)

    def _final(self, text: bytes, thinking: bytes, logprobs: bytes) -> bytes:
        calls = b',"tool_calls":[%b]' % b",".join(self._held) if self._held else b""
        parts = [self._head, self._before, text]
        if thinking:
            parts += (b',"thinking":', thinking)
        if self._chat:
            parts += (calls, b"}")
        parts.append(b',"done":true')
        if word := _REASONS[self._reason or "unknown"]:
            parts += (b',"done_reason":"', word, b'"')
        metrics = _metrics(self._usage, _GENERATING)
        probabilities = b',"logprobs":' + logprobs if logprobs else b""
        parts += (probabilities, metrics) if self._chat else (metrics, calls, probabilities)
        return b"".join(parts) + b"}"


class EmbeddingsWriter:
    """Writes the reply of an embedding route, which never streams."""

    content_type = WHOLE
    heartbeat = b""

    def __init__(self, outline: Outline, stamp: Stamp) -> None:
        self._legacy = outline.route == "embeddings"
        self._model = stamp.model

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the body: embeddings have no other form."""
        return self.whole(events)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return the vectors; no input gives no vectors (recordings `embed-empty-string`, `embeddings-empty`)."""
        vectors: tuple[tuple[float, ...], ...] = ()
        usage = Usage()
        whole = False
        for event in events:
            match event:
                case Vectors():
                    vectors += event.vectors
                    whole = True
                case Usage():
                    usage = _merged(usage, event)
                case Finished() | Done():
                    whole = True
                case Failed():
                    raise event.problem
        if not whole:
            raise BrokenReply("The reply ended without its vectors.")
        if self._legacy:
            return b'{"embedding":%b}' % _encode(vectors[0] if vectors else ())
        return b'{"model":%b,"embeddings":%b%b}' % (quoted(self._model), _encode(vectors), _metrics(usage, _EMBEDDING))

    def failed(self, problem: Problem) -> bytes:
        """Return the error as a body."""
        return write_in_band(problem)


def timestamp(now_ns: int) -> str:
    """Return RFC 3339 in UTC with nanoseconds, trailing zeros trimmed as Go does."""
    seconds, fraction = divmod(now_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{fraction:09d}".rstrip("0").rstrip(".") + "Z"


def _head(stamp: Stamp) -> bytes:
    return b'{"model":%b,"created_at":"%b"' % (quoted(stamp.model), timestamp(stamp.now_ns).encode())


_GENERATING: tuple[tuple[bytes, Callable[[Usage], int | None]], ...] = (
    (b"total_duration", lambda usage: usage.total_ns),
    (b"load_duration", lambda usage: usage.load_ns),
    (b"prompt_eval_count", lambda usage: usage.input),
    (b"prompt_eval_duration", lambda usage: usage.input_ns),
    (b"eval_count", lambda usage: usage.output),
    (b"eval_duration", lambda usage: usage.output_ns),
)
_EMBEDDING = _GENERATING[:3]


def _metrics(usage: Usage, fields: tuple[tuple[bytes, Callable[[Usage], int | None]], ...]) -> bytes:
    """Return the figures that are known; Ollama leaves out zeros too."""
    return b"".join(b',"%b":%d' % (name, number) for name, of in fields if (number := of(usage)))


_NOTED = frozenset((Started, Usage, Finished, Done))
_NOTHING_KNOWN = Usage()


def _merged(first: Usage, second: Usage) -> Usage:
    """Return the later figures, and the earlier ones where the later do not know."""
    if first == _NOTHING_KNOWN:
        return second
    known = {name: value for name in Usage.__struct_fields__ if (value := getattr(second, name)) is not None}
    return msgspec.structs.replace(first, **known)


def _items(content: msgspec.Raw) -> list[msgspec.Raw]:
    return msgspec.json.decode(content, type=list[msgspec.Raw])
