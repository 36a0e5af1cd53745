"""Replies of providers, read piece by piece: a stream of events, or a whole body, told apart by what arrives."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.dialect import Destination, Head
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.dialects.openai_chat.calls import Calls
from hearth.dialects.openai_chat.chunks import Choice, Chunk, Delta, Probs, decode_chunk
from hearth.dialects.openai_chat.parts import thinking_text
from hearth.dialects.openai_chat.sources import read_annotations, read_sources
from hearth.dialects.openai_chat.think import ThinkTags, read_details
from hearth.dialects.openai_chat.usage import read_usage
from hearth.dialects.openai_chat.vectors import read_vectors
from hearth.dialects.openai_failures import from_error, from_reply
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    Frame,
    LogProbs,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
)
from hearth.problems import BrokenReply, Overloaded, Problem, ProviderFault

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "limit": "length",
    "model_length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "filter",
    "safety": "filter",
    "load": "load",
}
_BROKEN_ENDS = frozenset(("error", "abort", "insufficient_system_resource"))
"""Finish reasons that are errors: OpenRouter's and Mistral's, vLLM's, DeepSeek's."""
_SSE_STARTS = b":deir"
"""How a record of a stream begins: a comment, or one of the fields data, event, id and retry. What a head says is
believed less, since some servers send JSON under the name of a stream and streams under another."""
_SAYING = (TextDelta, ThinkingDelta, RefusalDelta, ToolCallDelta)
"""What an answer consists of. One without any of it and without a reason to end is what a server sends that gave up."""
_SPACE = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one reply. `hide_usage`: mere usage gets an empty raw; `many`: several choices, ended by the end mark."""

    finished: bool

    def __init__(self, head: Head, to: Destination, *, embed: bool, hide_usage: bool, many: bool = False) -> None:
        self.finished = False
        self.whole: bool | None = None
        self._head = head
        self._provider = to.provider
        self._embed = embed
        self._hide_usage = hide_usage
        self._many = many
        self._splitter = SseSplitter()
        self._body: list[bytes] = []
        self._meaning = Meaning(to.provider, exclusive=to.quirks.reasoning_exclusive, think_tags=to.quirks.think_tags)
        self._size = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole body is one frame, at `close`."""
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
            frames.append(self._fail("one record of the stream is too long"))
        return frames

    def _begin(self, data: bytes) -> bool:
        """Find out whether this is a stream; False while nothing but white space has come."""
        start = b"".join((*self._body, data)).lstrip(_SPACE)[:1]
        if not start:
            return False
        self.whole = start not in _SSE_STARTS
        return True

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
        return [Frame(kept, (self._meaning.fail(self._broken("the reply is too long")),))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole body, or the rest of a stream and whether it was cut."""
        if self.whole and self._meaning.failed:
            return []
        if self.whole or (self.whole is None and "event-stream" not in self._head.get("content-type").lower()):
            return [self._read_whole(b"".join(self._body))]
        frames = [Frame(b"".join(self._body))] if self._body else []
        rest = self._splitter.close()
        if rest is not None:
            frames.append(self._frame(rest) if _complete(rest) else Frame(rest.raw))
        if self.finished or self._meaning.failed:
            return frames
        if self._meaning.all_finished and not self._many:
            self.finished = True
            return [*frames, Frame(b"", (Done(),))]
        return [*frames, self._fail("the stream was cut before its end")]

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or self.finished or self._meaning.failed:
            return Frame(record.raw)
        if data == b"[DONE]":
            if not self._meaning.begun:
                return Frame(record.raw, self._fail("the stream ended before it said anything").events)
            self.finished = True
            return Frame(record.raw, (*self._meaning.ended(), Done()))
        try:
            chunk = decode_chunk(data)
        except (msgspec.DecodeError, RecursionError):
            return self._unread(record)
        if chunk.choices is None and chunk.error is None and (record.event == "error" or chunk.content is None):
            problem = from_reply(data, None, self._provider)
            if problem is not None or record.event == "error":
                return Frame(record.raw, (self._meaning.fail(problem),))
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
        if problem is None:
            problem = self._broken("a record of the stream is not what this API sends")
        return Frame(record.raw, (self._meaning.fail(problem),))

    def _read_whole(self, body: bytes) -> Frame:
        """Read a whole body: a reply, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] not in (b"{", b"["):
            return Frame(body, (self._meaning.fail(self._no_api(text)),))
        problem = from_reply(text, self._head.status, self._provider)
        if problem is not None:
            return Frame(body, (self._meaning.fail(problem),))
        try:
            events = read_vectors(text) if self._embed else self._answer(decode_chunk(text))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return Frame(body, (self._meaning.fail(self._broken("the reply cannot be read, or was cut")),))
        if self._meaning.failed:
            return Frame(body, tuple(events))
        self.finished = True
        return Frame(body, (*events, *self._meaning.ended(), Done()))

    def _answer(self, chunk: Chunk) -> list[Event]:
        """Return the events of a whole reply, one without an answer included."""
        events = self._meaning.read(chunk, whole=True)
        if not chunk.choices and chunk.content is None and not self._meaning.failed:
            events.append(self._meaning.fail(self._broken("the reply holds no answer")))
        elif self._meaning.unended and not any(isinstance(event, _SAYING) for event in events):
            events.append(self._meaning.fail(self._broken("the answer was broken off without a reason")))
        return events

    def _no_api(self, text: bytes) -> BrokenReply:
        """Name what came instead of a reply: a page of a captive portal, or nothing (F7)."""
        if text[:1] == b"<":
            return self._broken("a web page came instead of an answer", code="upstream_not_api")
        if not text:
            return self._broken("the reply is empty")
        return self._broken("what came is not JSON", code="upstream_not_api")

    def _broken(self, what: str, code: str | None = None) -> BrokenReply:
        return BrokenReply(
            f"{what[0].upper()}{what[1:]}.", who=self._provider, code=code, upstream_status=self._head.status
        )

    def _fail(self, what: str) -> Frame:
        return Frame(b"", (self._meaning.fail(self._broken(what)),))


def _complete(record: SseRecord) -> bool:
    """Say whether a last record without its empty line is whole: it ends its line, or its data are the end mark."""
    return record.raw.endswith((b"\n", b"\r")) or record.data == b"[DONE]"


class Meaning:
    """What the chunks of one reply mean, with what has to be remembered between them."""

    def __init__(self, provider: str, *, exclusive: bool, think_tags: bool = False) -> None:
        self.failed = False
        self._provider = provider
        self._exclusive = exclusive
        self._started = False
        self._open: set[int] = set()
        self._closed: set[int] = set()
        self._calls = Calls()
        self._think_tags = think_tags
        self._tags: dict[int, ThinkTags] = {}
        self._sources: tuple[Citation, ...] = ()

    @property
    def all_finished(self) -> bool:
        """True when a choice has ended and none is still open."""
        return bool(self._closed) and not self._open

    @property
    def begun(self) -> bool:
        """True once there was a choice."""
        return bool(self._open or self._closed)

    @property
    def unended(self) -> bool:
        """True while a choice is open."""
        return bool(self._open)

    def fail(self, problem: Problem | None) -> Failed:
        """Return the failure; nothing means anything after it."""
        self.failed = True
        return Failed(problem or ProviderFault("The stream ended in an error.", who=self._provider))

    def ended(self) -> list[Event]:
        """Return an end of unknown reason for each choice that the provider closed without a word."""
        events: list[Event] = []
        for choice in sorted(self._open):
            self._last_words(choice, events)
            events.append(Finished("unknown", "", choice))
        self._closed |= self._open
        self._open.clear()
        return events

    def read(self, chunk: Chunk, *, whole: bool = False) -> list[Event]:
        """Return the events of one chunk, or of a whole reply."""
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(_text(chunk.id), _text(chunk.model), int(chunk.created or 0)))
        problem = self._error(chunk)
        if problem is not None:
            return [*events, self.fail(problem)]
        if chunk.citations is not None or chunk.search_results is not None:
            self._sources = read_sources(chunk.citations, chunk.search_results)
        if chunk.choices:
            for choice in chunk.choices:
                self._choice(choice, events, whole=whole)
                if self.failed:
                    return events
        elif chunk.choices is None and chunk.content is not None:
            self._native(chunk, events)
        usage = read_usage(chunk, exclusive=self._exclusive)
        if usage is not None:
            events.append(usage)
        return events

    def _error(self, chunk: Chunk) -> Problem | None:
        """Return the error that a chunk carries in one of its places."""
        error = chunk.error or (chunk.x_groq is not None and chunk.x_groq.error)
        return from_error(error, chunk.base_resp, self._provider) if error or chunk.base_resp is not None else None

    def _native(self, chunk: Chunk, events: list[Event]) -> None:
        """Read llama.cpp's own completion form (`/infill`, recording llama-infill-stream)."""
        self._say(0, chunk.content, events)
        if chunk.stop:
            self._finish(0, chunk.stop_type or "stop", events)

    def _choice(self, wire: Choice, events: list[Event], *, whole: bool) -> None:
        number = wire.index or 0
        if number not in self._closed:
            self._open.add(number)
        delta = wire.delta or wire.message
        if delta is not None:
            self._delta(number, delta, events, whole=whole)
        if wire.text:
            events.append(TextDelta(wire.text, number))
        if wire.logprobs is not None:
            content = _logprobs(wire.logprobs)
            if content is not None:
                events.append(LogProbs(content, number))
        if wire.finish_reason:
            self._finish(number, wire.finish_reason, events)

    def _delta(self, number: int, delta: Delta, events: list[Event], *, whole: bool) -> None:
        thought = delta.reasoning_content or delta.reasoning
        if not isinstance(thought, str):
            thought = read_details(delta.reasoning_details) if delta.reasoning_details else ""
        if thought:
            events.append(ThinkingDelta(thought, number))
        if delta.content:
            self._say(number, delta.content, events)
        if delta.refusal:
            events.append(RefusalDelta(delta.refusal, number))
        if delta.tool_calls:
            for call in delta.tool_calls:
                events += self._calls.read(number, call, whole=whole)
        if delta.function_call is not None:
            events += self._calls.read_old(number, delta.function_call, whole=whole)
        if delta.annotations:
            events += read_annotations(delta.annotations, number)

    def _say(self, number: int, content: object, events: list[Event]) -> None:
        """Read content: text, or Mistral's array of chunks (wire/providers §4.12)."""
        if isinstance(content, str):
            if self._think_tags:
                events += self._tags.setdefault(number, ThinkTags(number)).feed(content)
            elif content:
                events.append(TextDelta(content, number))
        elif isinstance(content, list):
            for part in content:
                if isinstance(part, dict):
                    _typed(number, part, events)

    def _last_words(self, number: int, events: list[Event]) -> None:
        """Say what was kept for the end of a choice: text that could have been a tag, and the sources."""
        if number in self._tags:
            events += self._tags.pop(number).close()
        events += self._sources
        self._sources = ()

    def _finish(self, number: int, word: str, events: list[Event]) -> None:
        """Read the end of a choice; some ends are errors."""
        if word in _BROKEN_ENDS:
            kind = Overloaded if word == "insufficient_system_resource" else ProviderFault
            events.append(self.fail(kind(f"The reply ended with {word!r}.", who=self._provider)))
            return
        if number in self._closed:
            return
        reason = _REASONS.get(word, "unknown")
        if reason == "stop" and self._calls.any(number):
            reason = "tool_calls"
        if reason == "tool_calls":
            events += self._calls.completed(number)
        self._last_words(number, events)
        self._open.discard(number)
        self._closed.add(number)
        events.append(Finished(reason, word, number))


def _typed(number: int, part: dict[str, Any], events: list[Event]) -> None:
    if part.get("type") == "thinking":
        thought = thinking_text(part.get("thinking"))
        if thought:
            events.append(ThinkingDelta(thought, number))
    elif isinstance(part.get("text"), str) and part["text"]:
        events.append(TextDelta(part["text"], number))


def _logprobs(wire: Probs) -> Raw | None:
    """Return probabilities in the chat form; the parallel lists of old completions are turned into it."""
    if isinstance(wire.content, Raw) and wire.content != Raw(b"null"):
        return wire.content
    if wire.tokens is None or wire.token_logprobs is None:
        return None
    tops = wire.top_logprobs or [None] * len(wire.tokens)
    rows = [
        {**_token(token, probability), "top_logprobs": [_token(*entry) for entry in (top or {}).items()]}
        for token, probability, top in zip(wire.tokens, wire.token_logprobs, tops, strict=False)
    ]
    return Raw(msgspec.json.encode(rows))


def _token(token: str, probability: float | None) -> dict[str, Any]:
    return {"token": token, "logprob": probability or 0.0, "bytes": list(token.encode())}


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
