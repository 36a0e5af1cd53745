"""Replies for clients of Cohere, streamed and whole: one block of text open at a time, numbered in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from hearth.dialects.dialect import Stamp
from hearth.dialects.framing import sse
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
)
from hearth.problems import Problem

_WORDS: dict[FinishReason, str] = {"length": "MAX_TOKENS", "tool_calls": "TOOL_CALL"}
Kind = Literal["text", "thinking"]
_encode = msgspec.json.Encoder().encode


class ChatWriter:
    """Writes one reply of `/v2/chat`. Only the first choice is written: Cohere has no others."""

    heartbeat = b": keep-alive\n\n"

    def __init__(self, stamp: Stamp, *, stream: bool, hide: bool) -> None:
        self.content_type = "text/event-stream" if stream else "application/json"
        self._stamp = stamp
        self._hide = hide
        self._begun = False
        self._kind: Kind | None = None
        self._blocks = 0
        self._sources = 0
        self._calls: list[int] = []
        self._finish = "COMPLETE"
        self._usage: Usage | None = None

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the events of these events; `Done` ends the message."""
        out: list[bytes] = []
        for event in events:
            if getattr(event, "choice", 0) == 0:
                self._write(event, out)
        return b"".join(out)

    def _write(self, event: Event, out: list[bytes]) -> None:
        match event:
            case TextDelta(text=text) | RefusalDelta(text=text):
                self._say("text", text, out)
            case ThinkingDelta(text=text):
                if not self._hide:
                    self._say("thinking", text, out)
            case ToolCallDelta():
                self._call(event, out)
            case Citation():
                self._cite(event, out)
            case Finished():
                self._finish = finish_word(event, called=bool(self._calls))
            case Usage():
                self._usage = event
            case Done():
                self._end(out)
            case Failed(problem=problem):
                out.append(self.failed(problem))

    def _begin(self, out: list[bytes]) -> None:
        if self._begun:
            return
        self._begun = True
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        out.append(_event("message-start", id=self._stamp.id, delta={"message": message}))

    def _say(self, kind: Kind, text: str, out: list[bytes]) -> None:
        self._begin(out)
        if self._kind != kind:
            self._close_block(out)
            self._kind = kind
            start = {"type": kind, kind: ""}
            out.append(_event("content-start", index=self._blocks, delta={"message": {"content": start}}))
        out.append(_event("content-delta", index=self._blocks, delta={"message": {"content": {kind: text}}}))

    def _call(self, event: ToolCallDelta, out: list[bytes]) -> None:
        """Write a piece of a call. Calls are ended together at last: pieces of parallel ones may come in turn."""
        self._begin(out)
        self._close_block(out)
        if event.index not in self._calls:
            self._calls.append(event.index)
            function = {"name": event.name, "arguments": ""}
            id = event.id or call_id(self._stamp, event.index)
            begun = {"id": id, "type": "function", "function": function}
            out.append(self._call_event("tool-call-start", event.index, {"message": {"tool_calls": begun}}))
        if event.arguments:
            delta = {"message": {"tool_calls": {"function": {"arguments": event.arguments}}}}
            out.append(self._call_event("tool-call-delta", event.index, delta))

    def _call_event(self, kind: str, index: int, delta: dict[str, Any]) -> bytes:
        return _event(kind, index=self._calls.index(index), delta=delta)

    def _cite(self, event: Citation, out: list[bytes]) -> None:
        self._begin(out)
        citation = {"start": 0, "end": 0, "text": "", "sources": [_source(event, self._sources)]}
        out.append(_event("citation-start", index=self._sources, delta={"message": {"citations": citation}}))
        out.append(_event("citation-end", index=self._sources))
        self._sources += 1

    def _close_block(self, out: list[bytes]) -> None:
        if self._kind is not None:
            out.append(_event("content-end", index=self._blocks))
            self._blocks += 1
            self._kind = None

    def _end(self, out: list[bytes]) -> None:
        self._begin(out)
        self._close_block(out)
        out += [_event("tool-call-end", index=number) for number in range(len(self._calls))]
        delta: dict[str, Any] = {"finish_reason": self._finish}
        if (usage := _usage(self._usage)) is not None:
            delta["usage"] = usage
        out.append(_event("message-end", id=self._stamp.id, delta=delta))

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return the whole reply. Raises the `Problem` of a `Failed` among the events."""
        said: dict[str, list[str]] = {"thinking": [], "text": []}
        calls: dict[int, dict[str, Any]] = {}
        sources: list[Citation] = []
        for event in events:
            match event:
                case Failed(problem=problem):
                    raise problem
                case TextDelta(text=text, choice=0) | RefusalDelta(text=text, choice=0):
                    said["text"].append(text)
                case ThinkingDelta(text=text, choice=0) if not self._hide:
                    said["thinking"].append(text)
                case ToolCallDelta(choice=0):
                    _gather(calls, event, self._stamp)
                case Citation(choice=0):
                    sources.append(event)
                case Finished(choice=0):
                    self._finish = finish_word(event, called=bool(calls))
                case Usage():
                    self._usage = event
        return _encode(self._body(said, calls, sources))

    def _body(
        self, said: dict[str, list[str]], calls: dict[int, dict[str, Any]], sources: list[Citation]
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant"}
        if calls:
            message["tool_calls"] = list(calls.values())
        content = [{"type": kind, kind: "".join(texts)} for kind, texts in said.items() if texts]
        if content or not calls:
            message["content"] = content
        if sources:
            message["citations"] = [
                {"start": 0, "end": 0, "text": "", "sources": [_source(source, number)]}
                for number, source in enumerate(sources)
            ]
        body: dict[str, Any] = {"id": self._stamp.id, "finish_reason": self._finish, "message": message}
        if (usage := _usage(self._usage)) is not None:
            body["usage"] = usage
        return body

    def failed(self, problem: Problem) -> bytes:
        """Return the end that is none: `message-end` with the reason ERROR."""
        out: list[bytes] = []
        self._begin(out)
        out.append(_event("message-end", id=self._stamp.id, delta={"finish_reason": "ERROR", "error": problem.text}))
        return b"".join(out)


def finish_word(finished: Finished, *, called: bool) -> str:
    """Return Cohere's word for an end. A filter has none there: what was held back is an answer that is complete."""
    if finished.sequence:
        return "STOP_SEQUENCE"
    return "TOOL_CALL" if called and finished.reason in ("stop", "unknown") else _WORDS.get(finished.reason, "COMPLETE")


def call_id(stamp: Stamp, number: int) -> str:
    """Return an id for a call whose maker gave none."""
    return f"call_{stamp.id}{number:02}"


def _gather(calls: dict[int, dict[str, Any]], event: ToolCallDelta, stamp: Stamp) -> None:
    call = calls.get(event.index)
    if call is None:
        function = {"name": event.name, "arguments": ""}
        call = {"id": event.id or call_id(stamp, event.index), "type": "function", "function": function}
        calls[event.index] = call
    call["function"]["arguments"] += event.arguments


def _source(citation: Citation, number: int) -> dict[str, Any]:
    said = {"url": citation.url, "title": citation.title, "snippet": citation.quote}
    id = f"doc:{number}"
    return {"type": "document", "id": id, "document": {"id": id, **{name: text for name, text in said.items() if text}}}


def _usage(usage: Usage | None) -> dict[str, Any] | None:
    """Return the counts; None while one is unknown, since 0 would be wrong."""
    if usage is None or usage.input is None or usage.output is None:
        return None
    counts = {"input_tokens": usage.input, "output_tokens": usage.output}
    written: dict[str, Any] = {"billed_units": counts, "tokens": counts}
    if usage.cached is not None:
        written["cached_tokens"] = usage.cached
    return written


def _event(kind: str, **members: object) -> bytes:
    return sse(_encode({"type": kind, **members}), kind)
