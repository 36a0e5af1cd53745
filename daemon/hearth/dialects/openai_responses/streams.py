"""Replies of providers, read piece by piece: a stream of events, or a whole response, told apart by what arrives."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.dialects.dialect import Head
from hearth.dialects.forgiving import forgiving
from hearth.dialects.framing import MAX_RECORD, SseRecord, SseSplitter
from hearth.dialects.openai_failures import from_error, from_reply
from hearth.dialects.openai_responses.seals import NAME, seal_item
from hearth.dialects.openai_responses.tools import as_arguments
from hearth.dialects.openai_responses.usage import UsageWire, read_usage
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
    ThinkingSealed,
    ToolCallDelta,
)
from hearth.problems import BrokenReply, Problem, ProviderFault, ProviderRefusal

_SSE_STARTS = b":deir"
"""How a record of a stream begins: a comment, or one of the fields data, event, id and retry."""
_SPACE = b" \t\r\n\xef\xbb\xbf"
_CUT_SHORT: dict[str, FinishReason] = {"max_output_tokens": "length", "content_filter": "filter"}
_REFUSALS = ("invalid_prompt", "invalid_image", "invalid_base64", "image_", "unsupported_image", "bio_policy")
"""How codes of a failed response begin that another try would meet again."""


class Wire(Struct, gc=False):
    """One event of a stream, whatever its type."""

    type: str = ""
    delta: Any = None
    item_id: str | None = None
    output_index: int | None = None
    summary_index: int | None = None
    item: dict[str, Any] | None = None
    response: Body | None = None
    annotation: dict[str, Any] | None = None
    logprobs: Raw | UnsetType = msgspec.UNSET
    error: Any = None
    code: str | None = None
    message: str | None = None
    param: str | None = None


class Incomplete(Struct, gc=False):
    """Why a response is incomplete."""

    reason: str | None = None


class Body(Struct, gc=False):
    """A response object: whole, or as an event of a stream shows it."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    created_at: float | None = None
    status: str | None = None
    output: list[dict[str, Any]] | None = None
    usage: UsageWire | None = None
    error: Any = None
    incomplete_details: Incomplete | None = None


_decode_event = forgiving(msgspec.json.Decoder(Wire), ("response", "usage"))
_decode_body = forgiving(msgspec.json.Decoder(Body), ("usage",))


class Reader:
    """Reads one reply."""

    finished: bool

    def __init__(self, head: Head, provider: str) -> None:
        self.finished = False
        self.whole: bool | None = None
        """Whether the reply is a whole body; None until it is known."""
        self._head = head
        self._provider = provider
        self._splitter = SseSplitter()
        self._body: list[bytes] = []
        self._size = 0
        self._meaning = Meaning(provider)
        self._failed = False

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
        if not frames and self._splitter.pending > MAX_RECORD and not self._failed:
            frames.append(Frame(b"", (self._fail("One record of the stream is too long."),)))
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
        if self._failed:
            return [Frame(data)]
        self._body.append(data)
        self._size += len(data)
        if self._size <= MAX_RECORD:
            return []
        kept = b"".join(self._body)
        self._body.clear()
        return [Frame(kept, (self._fail("The reply is too long."),))]

    def close(self) -> list[Frame]:
        """Return the last frames: a whole body, or the rest of a stream and whether it was cut."""
        if self.whole and self._failed:
            return []
        if self.whole or (self.whole is None and "event-stream" not in self._head.get("content-type").lower()):
            return [self._read_whole(b"".join(self._body))]
        frames = [Frame(b"".join(self._body))] if self._body else []
        rest = self._splitter.close()
        if rest is not None:
            ended = rest.raw.endswith((b"\n", b"\r"))
            frames.append(self._frame(rest) if ended else Frame(rest.raw))
        if self.finished or self._failed:
            return frames
        return [*frames, Frame(b"", (self._fail("The stream was cut before its end."),))]

    def _frame(self, record: SseRecord) -> Frame:
        """Read one record; after the end or a failure bytes are passed on without a meaning."""
        data = record.data
        if data is None or self.finished or self._failed or not data.strip() or data == b"[DONE]":
            return Frame(record.raw)
        try:
            wire = _decode_event(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Frame(record.raw, (self._unread(data),))
        if not wire.type and wire.error is None:
            return Frame(record.raw, (self._unread(data),))
        events = self._meaning.read(wire)
        return Frame(record.raw, self._checked(events))

    def _checked(self, events: list[Event]) -> tuple[Event, ...]:
        """Take note of an end or a failure, which is always the last event."""
        if events and isinstance(events[-1], Failed):
            self._failed = True
        elif events and isinstance(events[-1], Done):
            self.finished = True
        return tuple(events)

    def _unread(self, data: bytes) -> Failed:
        """Read a record that is no event: an error in another shape, or something broken."""
        problem = from_reply(data, None, self._provider)
        if problem is None:
            return self._fail("A record of the stream is not what this API sends.")
        self._failed = True
        return Failed(problem)

    def _read_whole(self, body: bytes) -> Frame:
        """Read a whole body: a response, or an error that came with status 200."""
        text = body.strip(_SPACE)
        if text[:1] != b"{":
            what = "A web page came instead of an answer." if text[:1] == b"<" else "What came is not JSON."
            return Frame(body, (self._fail(what if text else "The reply is empty.", "upstream_not_api"),))
        try:
            found = _decode_body(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return Frame(body, (self._fail("The reply cannot be read, or was cut."),))
        if found.output is None and found.status is None:
            problem = from_reply(text, self._head.status, self._provider)
            failed = self._fail("The reply holds no answer.") if problem is None else Failed(problem)
            self._failed = True
            return Frame(body, (failed,))
        return Frame(body, self._checked(self._meaning.whole(found)))

    def _fail(self, what: str, code: str | None = None) -> Failed:
        self._failed = True
        return Failed(BrokenReply(what, who=self._provider, code=code, upstream_status=self._head.status))


class Meaning:
    """What the events of one response mean, with what has to be remembered between them.

    Items are known by their id, since Ollama gives two of them one place and llama.cpp gives no places at all; where
    there is no id, by their place.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._started = False
        self._calls: dict[object, int] = {}
        self._said: set[object] = set()
        """The items whose content has been told."""
        self._summary = 0

    def read(self, wire: Wire) -> list[Event]:
        """Return the events of one record; none for what has no meaning elsewhere."""
        kind = wire.type
        if kind.endswith(".delta"):
            return self._delta(kind, wire, wire.delta if isinstance(wire.delta, str) else "")
        if wire.item is not None:
            return self._item(wire.item, wire.item.get("id") or wire.output_index, done=kind.endswith(".done"))
        if kind == "response.output_text.annotation.added":
            return [*_citation(wire.annotation)]
        if kind == "error" or (wire.error is not None and wire.response is None):
            return [self._failure(wire.error or {"code": wire.code, "message": wire.message, "param": wire.param})]
        return self._lifecycle(kind, wire.response) if wire.response is not None else []

    def _lifecycle(self, kind: str, body: Body) -> list[Event]:
        if kind in ("response.completed", "response.incomplete", "response.failed"):
            return self.whole(body, kind.removeprefix("response."))
        return self._start(body)

    def whole(self, body: Body, status: str = "completed") -> list[Event]:
        """Return the events of a response at its end, whole or with what the events before have not told."""
        events = self._start(body)
        status = body.status or status
        if status == "failed":
            return [*events, self._failure(body.error)]
        for number, item in enumerate(body.output or ()):
            place = item.get("id") or number
            if place not in self._said:
                events += self._item(item, place, done=True)
        usage = read_usage(body.usage)
        return [*events, *((usage,) if usage is not None else ()), self._finish(body, status), Done()]

    def _start(self, body: Body) -> list[Event]:
        if self._started:
            return []
        self._started = True
        return [Started(body.id or "", body.model or "", int(body.created_at or 0))]

    def _finish(self, body: Body, status: str) -> Finished:
        """Return how a response ended; one in the background has not, which only its own dialect can follow."""
        if status == "incomplete":
            why = body.incomplete_details.reason if body.incomplete_details is not None else None
            return Finished(_CUT_SHORT.get(why or "", "unknown"), why or status)
        if status != "completed":
            return Finished("unknown", status)
        return Finished("tool_calls" if self._calls else "stop", status)

    def _delta(self, kind: str, wire: Wire, delta: str) -> list[Event]:
        place = wire.item_id or wire.output_index
        if kind == "response.output_text.delta":
            self._said.add(place)
            return [*([TextDelta(delta)] if delta else []), *_logprobs(wire.logprobs)]
        if not delta:
            return []
        if kind == "response.function_call_arguments.delta" and place in self._calls:
            self._said.add(place)
            return [ToolCallDelta(self._calls[place], delta)]
        if kind == "response.refusal.delta":
            self._said.add(place)
            return [RefusalDelta(delta)]
        if kind in ("response.reasoning_summary_text.delta", "response.reasoning_text.delta"):
            return [ThinkingDelta(self._gap(place, wire.summary_index or 0) + delta)]
        return []

    def _gap(self, place: object, part: int) -> str:
        """Return what stands before a piece of thinking: the parts of a summary are paragraphs."""
        gap = "\n\n" if place in self._said and part != self._summary else ""
        self._summary = part
        self._said.add(place)
        return gap

    def _item(self, item: dict[str, Any], place: object, *, done: bool) -> list[Event]:
        """Return what an item that begins or ends tells beyond its deltas."""
        kind, said = item.get("type"), place in self._said
        if kind in ("function_call", "custom_tool_call"):
            return self._call(item, place, done=done, said=said)
        if not done:
            return []
        self._said.add(place)
        if kind == "message":
            return [] if said else _message(item)
        if kind == "reasoning":
            return [*([] if said else _thoughts(item)), *_seal(item)]
        return []

    def _call(self, item: dict[str, Any], place: object, *, done: bool, said: bool) -> list[Event]:
        """Return a call that begins, or what of it no delta has told; a call without arguments has `{}`."""
        known = place in self._calls
        number = self._calls.setdefault(place, len(self._calls))
        id, name = ("", "") if known else (_text(item.get("call_id") or item.get("id")), _text(item.get("name")))
        if not done:
            return [] if known else [ToolCallDelta(number, "", id, name)]
        self._said.add(place)
        if said:
            return []
        custom = item.get("type") == "custom_tool_call"
        arguments = as_arguments(_text(item.get("input"))) if custom else _text(item.get("arguments"))
        return [ToolCallDelta(number, arguments or "{}", id, name, whole=True)]

    def _failure(self, error: object) -> Failed:
        problem = from_error(error, None, self._provider)
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str) and code.startswith(_REFUSALS) and isinstance(problem, Problem):
            problem = ProviderRefusal(problem.message, who=self._provider, code=code, param=problem.param)
        return Failed(problem or ProviderFault("The response failed without saying why.", who=self._provider))


def _message(item: dict[str, Any]) -> list[Event]:
    events: list[Event] = []
    for part in item.get("content") or ():
        if isinstance(part, dict) and _text(part.get("text")):
            events.append(TextDelta(_text(part["text"])))
            events += _logprobs(Raw(msgspec.json.encode(part.get("logprobs") or [])))
            events += [found for annotation in part.get("annotations") or () for found in _citation(annotation)]
        elif isinstance(part, dict) and _text(part.get("refusal")):
            events.append(RefusalDelta(_text(part["refusal"])))
    return events


def _thoughts(item: dict[str, Any]) -> list[Event]:
    summary = [_text(part.get("text")) for part in item.get("summary") or () if isinstance(part, dict)]
    raw = [_text(part.get("text")) for part in item.get("content") or () if isinstance(part, dict)]
    text = "\n\n".join(filter(None, summary)) or "".join(raw)
    return [ThinkingDelta(text)] if text else []


def _seal(item: dict[str, Any]) -> list[Event]:
    opaque = seal_item(item)
    return [ThinkingSealed(opaque, NAME)] if opaque else []


def _citation(annotation: object) -> list[Event]:
    """Return a source on the web; a file at the provider is nothing that another dialect could show."""
    if not isinstance(annotation, dict) or annotation.get("type") != "url_citation":
        return []
    return [Citation(_text(annotation.get("url")), _text(annotation.get("title")))]


def _logprobs(given: Raw | UnsetType) -> list[Event]:
    if not isinstance(given, Raw) or bytes(given) in (b"[]", b"null"):
        return []
    return [LogProbs(given)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
