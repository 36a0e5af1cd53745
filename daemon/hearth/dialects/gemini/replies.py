"""Replies for clients, streamed and whole: chunks and replies have one shape here (wire/providers §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hearth.dialects.dialect import Stamp
from hearth.dialects.gemini.citations import Cited
from hearth.dialects.gemini.errors import envelope
from hearth.dialects.gemini.logprobs import write_logprobs
from hearth.dialects.gemini.outline import GeminiOutline
from hearth.dialects.gemini.said import Calls, finish_word, seal_part, text_part, thought_part
from hearth.dialects.gemini.seals import NAME
from hearth.dialects.gemini.usage import write_usage
from hearth.events import (
    Citation,
    Done,
    Event,
    Failed,
    Finished,
    LogProbs,
    RefusalDelta,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import Problem

_encode = msgspec.json.Encoder().encode
_HEARTBEAT = b'data: {"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}]}\r\n\r\n'
"""A chunk that says nothing. Google's own clients take a comment for broken JSON, so it has to be one."""

_PIECE = b'{"candidates":[{"content":{"parts":%b,"role":"model"},"index":%d}],%b'


class _Candidate:
    """What is known of one candidate between two pieces."""

    def __init__(self, id_start: str) -> None:
        self.calls = Calls(id_start)
        self.cited = Cited()
        self.logprobs: list[LogProbs] = []
        self.parts: list[dict[str, Any]] = []
        self.finish: str | None = None

    def add(self, part: dict[str, Any]) -> None:
        """Add a part to a whole reply; text follows on text."""
        last = self.parts[-1] if self.parts else None
        if last is not None and last.keys() == part.keys() and "text" in part and "thoughtSignature" not in part:
            last["text"] += part["text"]
        else:
            self.parts.append(dict(part))

    def end(self, finished: Finished) -> list[dict[str, Any]]:
        """Note the end and return the calls not told yet; one cut off by the limit of tokens is left out."""
        rest = self.calls.rest()
        malformed = self.calls.broken and finished.reason != "length"
        self.finish = "MALFORMED_FUNCTION_CALL" if malformed else finish_word(finished)
        return rest

    def metadata(self) -> dict[str, Any]:
        """Return what stands beside the content of the last chunk."""
        wire: dict[str, Any] = {"finishReason": self.finish} if self.finish is not None else {}
        grounding = self.cited.metadata()
        if grounding is not None:
            wire["groundingMetadata"] = grounding
        if self.logprobs:
            wire["logprobsResult"] = write_logprobs(self.logprobs)
        return wire


class _Saying:
    """Turns events into parts, the same for streams and whole replies."""

    def __init__(self, outline: GeminiOutline, stamp: Stamp) -> None:
        self.candidates: dict[int, _Candidate] = {}
        self.usage: Usage | None = None
        self._thoughts = outline.wishes.thinking == "show" or (outline.thoughts and outline.wishes.thinking != "hide")
        self._id = stamp.id

    def candidate(self, choice: int) -> _Candidate:
        """Return what is known of a candidate."""
        if choice not in self.candidates:
            self.candidates[choice] = _Candidate(f"call_{self._id}{choice}")
        return self.candidates[choice]

    def parts(self, event: Event) -> tuple[int, list[dict[str, Any]]]:
        """Return the candidate an event belongs to, and what it adds to its content."""
        match event:
            case TextDelta(text=text, choice=choice) | RefusalDelta(text=text, choice=choice):
                self.candidate(choice).cited.said(text)
                return choice, [text_part(text)]
            case Usage():
                self.usage = event
            case ThinkingDelta(text=text, choice=choice) if self._thoughts:
                return choice, [thought_part(text)]
            case ThinkingSealed(choice=choice) if self._thoughts or event.producer == NAME:
                return choice, [seal_part(event)]
            case ToolCallDelta(choice=choice):
                return choice, self.candidate(choice).calls.add(event)
            case Citation(choice=choice):
                self.candidate(choice).cited.add(event)
            case LogProbs(choice=choice):
                self.candidate(choice).logprobs.append(event)
            case Finished(choice=choice):
                return choice, self.candidate(choice).end(event)
        return 0, []


class GeminiWriter:
    """Writes one reply. The last chunk, with reason and counts, waits for `Done`: usage often comes after the end."""

    content_type: str
    heartbeat: bytes

    def __init__(self, outline: GeminiOutline, stamp: Stamp) -> None:
        """`outline.array` chooses the form of a stream: one array of chunks instead of events."""
        self._events = outline.stream and not outline.array
        self.content_type = "text/event-stream" if self._events else "application/json; charset=UTF-8"
        self.heartbeat = _HEARTBEAT if self._events else b""
        self._saying = _Saying(outline, stamp)
        self._tail = {"modelVersion": stamp.model, "responseId": stamp.id}
        self._piece_end = _encode(self._tail)[1:]
        self._begun = False

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the chunks of these events."""
        return b"".join([self._written(event) for event in events])

    def _written(self, event: Event) -> bytes:
        if type(event) is Done:
            return self._last()
        if type(event) is Failed:
            return self.failed(event.problem)
        choice, parts = self._saying.parts(event)
        if not parts:
            return b""
        return self._framed(_PIECE % (_encode(parts), choice, self._piece_end))

    def _last(self) -> bytes:
        """Return the last chunk: why each candidate ended, and what it cost."""
        candidates = [
            {"content": {"parts": [{"text": ""}], "role": "model"}, "index": choice, **candidate.metadata()}
            for choice, candidate in sorted(self._saying.candidates.items())
        ]
        return self._record(self._body(candidates)) + (b"" if self._events else b"]")

    def _body(self, candidates: list[dict[str, Any]]) -> dict[str, Any]:
        usage = write_usage(self._saying.usage)
        return {"candidates": candidates} | ({} if usage is None else {"usageMetadata": usage}) | self._tail

    def _record(self, chunk: dict[str, Any]) -> bytes:
        return self._framed(_encode(chunk))

    def _framed(self, chunk: bytes) -> bytes:
        if self._events:
            return b"data: %b\r\n\r\n" % chunk
        start = b",\r\n" if self._begun else b"["
        self._begun = True
        return start + chunk

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a whole reply. Raises the `Problem` of a `Failed` among the events."""
        for event in events:
            if isinstance(event, Failed):
                raise event.problem
            choice, parts = self._saying.parts(event)
            for part in parts:
                self._saying.candidate(choice).add(part)
        said = self._saying.candidates or {0: self._saying.candidate(0)}
        candidates = [
            {"content": {"parts": candidate.parts, "role": "model"}, "index": choice, **candidate.metadata()}
            for choice, candidate in sorted(said.items())
        ]
        return _encode(self._body(candidates))

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream: as a record, or as the array's last element."""
        return self._framed(envelope(problem)) + (b"" if self._events else b"]")
