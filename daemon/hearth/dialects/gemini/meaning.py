"""What the chunks of one reply mean, with what has to be remembered between them."""

from __future__ import annotations

from msgspec import Raw

from hearth.dialects.failures import clean
from hearth.dialects.gemini.chunks import Candidate, Chunk, Feedback, Part
from hearth.dialects.gemini.citations import read_sources
from hearth.dialects.gemini.logprobs import read_logprobs
from hearth.dialects.gemini.parts import FunctionCall
from hearth.dialects.gemini.seals import NAME
from hearth.dialects.gemini.usage import read_usage
from hearth.dialects.reply_reader import ReplyMeaning
from hearth.events import (
    Citation,
    Event,
    Finished,
    FinishReason,
    Started,
    TextDelta,
    ThinkingDelta,
    ThinkingSealed,
    ToolCallDelta,
    Usage,
)
from hearth.problems import ProviderFault

_REASONS: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"),
            *("IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR", "ESCALATION"),
        ),
        "filter",
    ),
}
_ERRORS = {
    "MALFORMED_FUNCTION_CALL": "The model wrote a call that cannot be read",
    "UNEXPECTED_TOOL_CALL": "The model called a tool that was not offered",
    "TOO_MANY_TOOL_CALLS": "The model called too many tools in a row",
    "MISSING_THOUGHT_SIGNATURE": "A call of an earlier turn came without its signature",
    "MALFORMED_RESPONSE": "The model wrote an answer that cannot be read",
}
"""Reasons that are no end but an error (wire/providers §2)."""


class Meaning(ReplyMeaning):
    """Reads the chunks of one reply."""

    def __init__(self, provider: str) -> None:
        """Nothing has been said yet."""
        super().__init__(provider)
        self._started = False
        self._open: set[int] = set()
        self._closed: set[int] = set()
        self._calls: dict[int, int] = {}
        self._cited: set[Citation] = set()
        self._usage: Usage | None = None

    @property
    def all_finished(self) -> bool:
        """True when a candidate has ended and none is still open."""
        return bool(self._closed) and not self._open

    def read(self, chunk: Chunk) -> list[Event]:
        """Return the events of one chunk, or of a whole reply."""
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(chunk.response_id or "", chunk.model_version or ""))
        for candidate in chunk.candidates or ():
            self._candidate(candidate, events)
            if self.failed:
                return events
        if chunk.prompt_feedback is not None and not chunk.candidates:
            self._blocked(chunk.prompt_feedback, events)
        usage = read_usage(chunk.usage_metadata) if chunk.usage_metadata is not None else None
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(usage)
        return events

    def _blocked(self, feedback: Feedback, events: list[Event]) -> None:
        """A prompt that was not answered is an end by the filter."""
        if feedback.block_reason and not self._closed:
            self._closed.add(0)
            self._open.clear()
            events.append(Finished("filter", feedback.block_reason))

    def _candidate(self, wire: Candidate, events: list[Event]) -> None:
        number = wire.index
        if number not in self._closed:
            self._open.add(number)
        for part in (wire.content.parts or ()) if wire.content is not None else ():
            self._part(part, number, events)
        if wire.grounding_metadata is not None or wire.citation_metadata is not None:
            self._cite(wire, events)
        probabilities = read_logprobs(wire.logprobs_result, number) if wire.logprobs_result is not None else None
        if probabilities is not None:
            events.append(probabilities)
        if wire.finish_reason and number not in self._closed and wire.finish_reason != "FINISH_REASON_UNSPECIFIED":
            self._finish(wire.finish_reason, wire.finish_message or "", number, events)

    def _cite(self, wire: Candidate, events: list[Event]) -> None:
        """Add the sources not named before."""
        for citation in read_sources(wire.grounding_metadata, wire.citation_metadata, wire.index):
            if citation not in self._cited:
                self._cited.add(citation)
                events.append(citation)

    def _part(self, part: Part, choice: int, events: list[Event]) -> None:
        seal = part.thought_signature or ""
        if part.function_call is not None:
            events.append(self._call(part.function_call, seal, choice))
            return
        if part.text:
            events.append(ThinkingDelta(part.text, choice) if part.thought else TextDelta(part.text, choice))
        if seal:
            events.append(ThinkingSealed(seal, NAME, choice))

    def _call(self, call: FunctionCall, seal: str, choice: int) -> ToolCallDelta:
        number = self._calls.get(choice, 0)
        self._calls[choice] = number + 1
        arguments = bytes(call.args).decode() if isinstance(call.args, Raw) and call.args != Raw(b"null") else "{}"
        return ToolCallDelta(
            number,
            arguments,
            call.id or "",
            call.name,
            whole=True,
            choice=choice,
            opaque=seal,
            producer=NAME if seal else "",
        )

    def _finish(self, reason: str, message: str, choice: int, events: list[Event]) -> None:
        if reason in _ERRORS:
            said = f" {clean(message)}" if message else ""
            problem = ProviderFault(f"{_ERRORS[reason]} ({reason}).{said}", who=self._provider, code=reason)
            events.append(self.fail(problem))
            return
        self._open.discard(choice)
        self._closed.add(choice)
        found = _REASONS.get(reason, "unknown")
        events.append(Finished("tool_calls" if found == "stop" and choice in self._calls else found, reason, choice))
