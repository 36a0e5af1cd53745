"""What the chunks of one reply mean: text, thinking, calls, reasons and counts, with what lies between the chunks."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Raw

from hearth.dialects.openai_chat.calls import Calls
from hearth.dialects.openai_chat.chunks import Choice, Chunk, Delta, Probs
from hearth.dialects.openai_chat.details import Details, Snapshots, entries, readable
from hearth.dialects.openai_chat.parts import thinking_text
from hearth.dialects.openai_chat.sources import read_annotations, read_sources
from hearth.dialects.openai_chat.think_tags import ThinkTags
from hearth.dialects.openai_chat.usage import read_usage
from hearth.dialects.openai_failures import from_error
from hearth.dialects.probabilities import probabilities
from hearth.dialects.reply_reader import ReplyMeaning
from hearth.events import (
    Citation,
    Event,
    Finished,
    FinishReason,
    RefusalDelta,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
)
from hearth.problems import Overloaded, Problem, ProviderFault

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


class Meaning(ReplyMeaning):
    """What the chunks of one reply mean, with what has to be remembered between them."""

    def __init__(self, provider: str, *, exclusive: bool, think_tags: bool = False, details_back: bool = False) -> None:
        """`details_back`: the provider wants its `reasoning_details` back, so that they are its seal."""
        super().__init__(provider)
        self._exclusive = exclusive
        self._started = False
        self._open: set[int] = set()
        self._closed: set[int] = set()
        self._calls = Calls()
        self._think_tags = think_tags
        self._tags: dict[int, ThinkTags] = {}
        self._sources: tuple[Citation, ...] = ()
        self._details_back = details_back
        self._details: dict[int, Details] = {}
        self._snapshots: dict[int, Snapshots] = {}

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

    def end_all(self) -> list[Event]:
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
                events += probabilities(content, number)
        if wire.finish_reason:
            self._finish(number, wire.finish_reason, events)

    def _delta(self, number: int, delta: Delta, events: list[Event], *, whole: bool) -> None:
        if delta.reasoning_content or delta.reasoning or delta.reasoning_details or self._details:
            self._think(number, delta, events)
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

    def _think(self, number: int, delta: Delta, events: list[Event]) -> None:
        """Read what was thought: in the one or the other member, and in details; words or calls are its end."""
        thought = delta.reasoning_content or delta.reasoning
        details = entries(delta.reasoning_details) if delta.reasoning_details else []
        if details and self._think_tags:
            details = [self._snapshots.setdefault(number, Snapshots()).fresh(piece) for piece in details]
        if not isinstance(thought, str):
            thought = readable(details)
        if thought:
            events.append(ThinkingDelta(thought, number))
        if details and self._details_back:
            self._details.setdefault(number, Details()).add(details)
        if self._details and (delta.content or delta.tool_calls):
            self._seal(number, events)

    def _seal(self, number: int, events: list[Event]) -> None:
        """End the thinking so far with what its provider wants back."""
        opaque = self._details[number].seal() if number in self._details else ""
        if opaque:
            events.append(ThinkingSealed(opaque, self._provider, number))

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
        """Say what was kept for the end of a choice: details, text that could have been a tag, and the sources."""
        self._seal(number, events)
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
