"""What an Ollama's chunks mean: thinking, text, calls and probabilities, then figures and the end; or vectors."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from hearth.chat import Operation
from hearth.dialects.ollama.chunks import NOTHING, Call, Chunk, read_arguments, read_usage
from hearth.dialects.probabilities import probabilities
from hearth.events import (
    Done,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Vectors,
)

_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "load": "load",
    "unload": "unload",
    "content_filter": "filter",
}


class Meaning:
    """The meaning of one reply. `ended` is set by the chunk that is done, or holds all vectors."""

    def __init__(self, operation: Operation, hidden: str) -> None:
        """Nothing was said yet; `hidden` is an ending of the model's name that the caller did not write."""
        self.ended = False
        self._operation = operation
        self._hidden = hidden
        self._started = False
        self._calls = 0

    def read(self, chunk: Chunk) -> tuple[Event, ...]:
        """Return what one object means."""
        events: list[Event] = []
        if not self._started:
            self._started = True
            model = chunk.model.removesuffix(self._hidden)
            events.append(Started(model=model, created=_seconds(chunk.created_at[:19])))
        message = chunk.message
        if message is not None:
            self._add_content(events, message.thinking, message.content, message.tool_calls)
        elif chunk.response is not None:
            self._add_content(events, chunk.thinking, chunk.response, chunk.tool_calls)
        if chunk.logprobs not in NOTHING:
            events += probabilities(chunk.logprobs)
        if chunk.done:
            self._add_end(events, chunk)
        elif self._operation == "embed":
            self._add_vectors(events, chunk)
        elif chunk.debug not in NOTHING:
            self._add_end(events, chunk)
        return tuple(events)

    def _add_content(
        self, events: list[Event], thinking: str | None, text: str | None, calls: list[Call] | None
    ) -> None:
        if thinking:
            events.append(ThinkingDelta(thinking))
        if text:
            events.append(TextDelta(text))
        for call in calls or ():
            function = call.function
            arguments = read_arguments(function.arguments)
            events.append(ToolCallDelta(self._calls, arguments, call.id, function.name, whole=True))
            self._calls += 1

    def _add_end(self, events: list[Event], chunk: Chunk) -> None:
        usage = read_usage(chunk)
        if usage is not None:
            events.append(usage)
        reason = _REASONS.get(chunk.done_reason, "unknown")
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        events += (Finished(reason, chunk.done_reason), Done())
        self.ended = True

    def _add_vectors(self, events: list[Event], chunk: Chunk) -> None:
        """An embedding reply has no end mark of its own: its JSON being whole is the mark."""
        if chunk.embeddings is not None:
            events.append(Vectors(chunk.embeddings))
        elif chunk.embedding is not None:
            events.append(Vectors((chunk.embedding,) if chunk.embedding else ()))
        else:
            return
        usage = read_usage(chunk)
        if usage is not None:
            events.append(usage)
        events.append(Done())
        self.ended = True


@lru_cache(maxsize=64)
def _seconds(created_at: str) -> int:
    """Return a timestamp in UTC, without its fraction, as seconds since 1970; 0 when it is no such thing."""
    try:
        return int(datetime.fromisoformat(f"{created_at}+00:00").timestamp())
    except ValueError:
        return 0
