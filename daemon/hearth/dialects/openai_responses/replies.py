"""One response for a client, streamed and whole, as strict as the official SDK reads it (wire/providers §5.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import Members
from hearth.dialects.dialect import Stamp
from hearth.dialects.openai_errors import envelope
from hearth.dialects.openai_responses.outline import ResponsesOutline
from hearth.dialects.openai_responses.output import Output, WireEvent
from hearth.dialects.openai_responses.tools import left_aside
from hearth.dialects.openai_responses.usage import write_usage
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

encode = msgspec.json.Encoder().encode
_COMMENT = b": keep-alive\n\n"
_STEPS: dict[type[Event], Callable[[Output, Any], list[WireEvent]]] = {
    TextDelta: Output.text,
    ThinkingDelta: Output.thinking,
    ThinkingSealed: Output.sealed,
    ToolCallDelta: Output.call,
    RefusalDelta: Output.refusal,
    LogProbs: Output.logprobs,
    Citation: Output.citation,
}
_CUT_SHORT = {"length": "max_output_tokens", "filter": "content_filter"}
_DEFAULTS: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "service_tier": "default",
    "store": False,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
}


class ResponsesWriter:
    """Writes one response."""

    content_type: str

    def __init__(self, outline: ResponsesOutline, stamp: Stamp) -> None:
        self.content_type = "text/event-stream; charset=utf-8" if outline.stream else "application/json"
        self._head: dict[str, Any] = {
            "id": f"resp_{stamp.id}",
            "object": "response",
            "created_at": stamp.now_ns // 1_000_000_000,
            "model": stamp.model,
        }
        self._echo = encode(_echo(outline))[1:-1]
        self._output = Output(stamp, outline.own)
        self._number = 0
        self._usage: Usage | None = None
        self._cut_short = ""
        self._ended = False
        self.id: str = self._head["id"]
        self.final = b""
        """The response object once it has ended well."""

    @property
    def heartbeat(self) -> bytes:
        """A sign of life: a comment, or once the response has begun an event.

        Codex waits on as long as events come and counts no comments (faults.md, stream semantics). The event has the
        number of the one before it: nothing has happened since.
        """
        if self._number == 0 or self._ended:
            return _COMMENT
        return _record("response.in_progress", self._number - 1, b'"response":%b' % self.response("in_progress"))

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the wire events of these events."""
        out: list[bytes] = []
        for event in events:
            if type(event) is Failed:
                out.append(self.failed(event.problem))
            elif type(event) is Done:
                out.append(self._end())
            else:
                out += [self._numbered(*step) for step in self._steps(event)]
        return b"".join(out)

    def _steps(self, event: Event) -> list[WireEvent]:
        """Return the steps that an event leads to."""
        step = _STEPS.get(type(event))
        if step is not None:
            return step(self._output, event)
        if isinstance(event, Usage):
            self._usage = event
        elif isinstance(event, Finished):
            self._cut_short = _CUT_SHORT.get(event.reason, "")
            return self._output.close(self.status)
        return []

    def _numbered(self, kind: str, members: dict[str, Any] | bytes) -> bytes:
        """Return one wire event with its number; the first one of all brings the beginning with it."""
        written = members if isinstance(members, bytes) else encode(members)[1:-1]
        return self._next(kind, written) if self._number else self._begun() + self._next(kind, written)

    def _begun(self) -> bytes:
        if self._number:
            return b""
        shown = b'"response":%b' % self.response("in_progress")
        return self._next("response.created", shown) + self._next("response.in_progress", shown)

    def _next(self, kind: str, members: bytes) -> bytes:
        number = self._number
        self._number += 1
        return _record(kind, number, members)

    def _end(self) -> bytes:
        """Return the end of the stream: exactly one terminal event."""
        if self._ended:
            return b""
        begun, status = self._begun(), self.status
        rest = b"".join([self._numbered(*step) for step in self._output.close(status)])
        self._ended = True
        self.final = self.response(status)
        return begun + rest + self._next(f"response.{status}", b'"response":%b' % self.final)

    @property
    def status(self) -> str:
        """How the response ends, if it ends well."""
        return "incomplete" if self._cut_short else "completed"

    @property
    def output(self) -> list[dict[str, Any]]:
        """The items so far."""
        return self._output.items

    def response(self, status: str, error: dict[str, Any] | None = None) -> bytes:
        """Return the response object as it stands; one in progress shows no output yet."""
        usage = None if status == "in_progress" else write_usage(self._usage)
        body = {
            **self._head,
            "status": status,
            "error": error,
            "incomplete_details": {"reason": self._cut_short} if status == "incomplete" else None,
            "output": [] if status == "in_progress" else self._output.items,
            "usage": usage,
        }
        return b"%b,%b}" % (encode(body)[:-1], self._echo)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a whole response. Raises the `Problem` of a `Failed` among the events."""
        for event in events:
            if isinstance(event, Failed):
                raise event.problem
            self._steps(event)
        self._output.close(self.status)
        self._ended = True
        self.final = self.response(self.status)
        return self.final

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream: `error`, at which SDKs raise, and `response.failed`, which Codex reads.

        Nothing follows a stream that has ended well.
        """
        if self._ended:
            return b""
        begun = self._begun()
        rest = b"".join([self._numbered(*step) for step in self._output.close("incomplete")])
        self._ended = True
        said = msgspec.json.decode(envelope(problem))["error"]
        told = {"code": _code(said["code"]), "message": _words(problem)}
        error = {"type": said["type"], **told, "param": said["param"]}
        first = self._next("error", encode({**told, "param": said["param"], "error": error})[1:-1])
        return begun + rest + first + self._next("response.failed", b'"response":%b' % self.response("failed", told))


def _record(kind: str, number: int, members: bytes) -> bytes:
    name = kind.encode()
    return b'event: %b\ndata: {"type":"%b","sequence_number":%d,%b}\n\n' % (name, name, number, members)


def _code(code: str | None) -> str:
    """Return a code that clients of this dialect know; theirs for what they do not know is "server_error"."""
    return "server_error" if code is None or code.startswith("upstream_") else code


def _words(problem: Problem) -> str:
    """Return the message; the pause stands in it, because Codex reads it from there."""
    wait = problem.retry_after
    return problem.text if wait is None else f"{problem.text} Please try again in {math.ceil(wait)}s."


def _echo(outline: ResponsesOutline) -> Members:
    """Return what a response shows of its request. Tools that nobody could run for it are left out."""
    shown: Members = {name: Raw(encode(given)) for name, given in _DEFAULTS.items()}
    shown |= {name: given for name, given in outline.echo.items() if given != Raw(b"null") or name not in shown}
    shown["store"] = Raw(b"true" if outline.remember else b"false")
    if "tools" in outline.echo:
        tools = msgspec.json.decode(shown["tools"], type=list[dict[str, Raw]])
        shown["tools"] = Raw(encode([tool for tool in tools if not left_aside(_type(tool))]))
    return shown


def _type(tool: Members) -> str:
    kind = msgspec.json.decode(tool.get("type", b'""'))
    return kind if isinstance(kind, str) else ""
