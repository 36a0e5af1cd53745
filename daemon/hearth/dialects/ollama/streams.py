"""Ollama's replies, read: each line, or the one whole object, becomes a frame of its bytes and what they mean."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from hearth.call import Outline
from hearth.chat import Operation
from hearth.dialects.dialect import Destination, Head
from hearth.dialects.forgiving import forgiving
from hearth.dialects.framing import MAX_RECORD, LineSplitter
from hearth.dialects.ollama.failures import classify, error_text
from hearth.dialects.ollama.names import LOCAL, with_tag
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import (
    Done,
    Event,
    Failed,
    Finished,
    FinishReason,
    Frame,
    LogProbs,
    Started,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    Usage,
    Vectors,
)
from hearth.problems import BrokenReply, Forbidden, Problem

_ABSENT = Raw(b"")
_NOTHING = (_ABSENT, Raw(b"null"))


class _Function(Struct, gc=False):
    name: str = ""
    arguments: Raw = Raw(b"{}")


class _Call(Struct, gc=False):
    function: _Function
    id: str = ""


class _Message(Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Piece(Struct, gc=False):
    """Every field that a line of chat, generate or an embedding reply may have."""

    model: str = ""
    created_at: str = ""
    message: _Message | None = None
    response: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None
    done: bool = False
    done_reason: str = ""
    logprobs: Raw = _ABSENT
    error: Raw = _ABSENT
    remote_host: str = ""
    remote_model: str = ""
    total_duration: int | None = None
    load_duration: int | None = None
    prompt_eval_count: int | None = None
    prompt_eval_duration: int | None = None
    eval_count: int | None = None
    eval_duration: int | None = None
    embeddings: tuple[tuple[float, ...], ...] | None = None
    embedding: tuple[float, ...] | None = None
    debug: Raw = msgspec.field(default=_ABSENT, name="_debug_info")


_decode = forgiving(
    msgspec.json.Decoder(_Piece),
    ("total_duration",),
    ("load_duration",),
    ("prompt_eval_count",),
    ("prompt_eval_duration",),
    ("eval_count",),
    ("eval_duration",),
)
_decode_text = msgspec.json.Decoder(str).decode
_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "load": "load",
    "unload": "unload",
    "content_filter": "filter",
}


class Reader:
    """Reads one reply. What kind it is tells the content type: `application/x-ndjson` is a stream, JSON is whole."""

    def __init__(self, operation: Operation, to: Destination, head: Head) -> None:
        self.finished = False
        self._streamed, self._strange = _kind(head.get("Content-Type"))
        self.whole: bool | None = not self._streamed
        self._operation = operation
        self._to = to
        self._lines = LineSplitter()
        self._body: list[bytes] = []
        self._length = 0
        self._started = False
        self._failed = False
        self._calls = 0
        self._guarded = _guarded(to.model) if to.local_only else None

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole reply is one frame, at its close."""
        if self._strange:
            return self._reject(data)
        if not self._streamed:
            return self._collect(data)
        lines = self._lines.feed(data)
        frames = [self._frame(line) for line in lines]
        if self._lines.pending > MAX_RECORD:
            frames.append(self._failure(self._lines.close(), self._broken("sent a line longer than 64 MiB.")))
        return frames

    def close(self) -> list[Frame]:
        """Return what is left. A last line without its line feed was cut, however whole it looks."""
        if self._failed:
            rest = self._lines.close()
            return [Frame(rest)] if rest else []
        if self._streamed:
            rest = self._lines.close()
            if self.finished:
                return [Frame(rest)] if rest else []
            return [self._failure(rest, self._broken("ended its reply before saying that it was done."))]
        frame = self._frame(b"".join(self._body))
        if self.finished or self._failed:
            return [frame]
        return [self._cut(frame)]

    def _collect(self, data: bytes) -> list[Frame]:
        """Keep a piece of a whole body."""
        if self._failed:
            return [Frame(data)]
        self._body.append(data)
        self._length += len(data)
        if self._length <= MAX_RECORD:
            return []
        return [self._failure(b"".join(self._body), self._broken("sent a reply longer than 64 MiB."))]

    def _reject(self, data: bytes) -> list[Frame]:
        """Refuse a page that is no reply (a captive portal, a block page; F7)."""
        if self._failed:
            return [Frame(data)]
        fault = f"answered with {self._strange} where JSON was expected."
        step = "Check its address: another program or a login page may be answering there."
        return [self._failure(data, self._broken(fault, step))]

    def _frame(self, raw: bytes) -> Frame:
        if self._failed or self.finished or not raw.strip():
            return Frame(raw)
        try:
            piece = _decode(raw)
        except UNREADABLE:
            return self._failure(raw, self._broken("sent something that is not a whole JSON object of Ollama."))
        if piece.error not in _NOTHING:
            text, kind = error_text(piece.error)
            return self._failure(raw, classify(text, kind, None, self._to.provider, raw=raw))
        if (piece.remote_host or piece.remote_model) and (self._to.local_only or self._to.no_remote):
            return self._failure(raw, self._forwarded(piece))
        if self._guarded is not None:
            raw = raw.replace(*self._guarded, 1) if raw.startswith(self._guarded[0]) else raw
        try:
            return Frame(raw, self._events(piece))
        except UNREADABLE:
            return self._failure(raw, self._broken("sent a tool call that is not JSON in UTF-8."))

    def _events(self, piece: _Piece) -> tuple[Event, ...]:
        """Return what one object means: thinking, text, calls and probabilities, then the end."""
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(model=self._shown(piece.model), created=_seconds(piece.created_at[:19])))
        message = piece.message
        if message is not None:
            self._add_content(events, message.thinking, message.content, message.tool_calls)
        elif piece.response is not None:
            self._add_content(events, piece.thinking, piece.response, piece.tool_calls)
        if piece.logprobs not in _NOTHING:
            events.append(LogProbs(Raw(bytes(piece.logprobs))))
        if piece.done:
            self._add_end(events, piece)
        elif self._operation == "embed":
            self._add_vectors(events, piece)
        elif piece.debug not in _NOTHING:
            self._add_end(events, piece)
        return tuple(events)

    def _add_content(
        self, events: list[Event], thinking: str | None, text: str | None, calls: list[_Call] | None
    ) -> None:
        if thinking:
            events.append(ThinkingDelta(thinking))
        if text:
            events.append(TextDelta(text))
        for call in calls or ():
            events.append(
                ToolCallDelta(self._calls, _arguments(call.function.arguments), call.id, call.function.name, whole=True)
            )
            self._calls += 1

    def _add_end(self, events: list[Event], piece: _Piece) -> None:
        usage = _usage(piece)
        if usage is not None:
            events.append(usage)
        reason = _REASONS.get(piece.done_reason, "unknown")
        if reason == "stop" and self._calls:
            reason = "tool_calls"
        events += (Finished(reason, piece.done_reason), Done())
        self.finished = True

    def _add_vectors(self, events: list[Event], piece: _Piece) -> None:
        """An embedding reply has no end mark of its own: its JSON being whole is the mark."""
        if piece.embeddings is not None:
            events.append(Vectors(piece.embeddings))
        elif piece.embedding is not None:
            events.append(Vectors((piece.embedding,) if piece.embedding else ()))
        else:
            return
        usage = _usage(piece)
        if usage is not None:
            events.append(usage)
        events.append(Done())
        self.finished = True

    def _cut(self, frame: Frame) -> Frame:
        """A whole body that is not done: Ollama gave up in silence (recording `chat-repeat-abort-templated`)."""
        self._failed = True
        problem = self._broken("broke off its answer without giving a reason.")
        return Frame(frame.raw, (*frame.events, Failed(problem)))

    def _failure(self, raw: bytes, problem: Problem) -> Frame:
        self._failed = True
        return Frame(raw, (Failed(problem),))

    def _broken(self, fault: str, next_step: str = "") -> BrokenReply:
        return BrokenReply(fault, who=self._to.provider, next_step=next_step)

    def _forwarded(self, piece: _Piece) -> Forbidden:
        """A model that was local when the call was planned has become a remote one (wire/ollama §3.6)."""
        return Forbidden(
            f"{with_tag(self._to.model)} was answered by {piece.remote_host or piece.remote_model}, not on the spot.",
            who=self._to.provider,
            next_step="Remove the model, or set remote_models = true to allow it.",
        )

    def _shown(self, model: str) -> str:
        return model.removesuffix(LOCAL) if self._guarded is not None else model


def reader(operation: Operation, outline: Outline | None, to: Destination, head: Head) -> Reader:
    """Return a reader for the reply with this head; Ollama sends usage always, so that nothing is ever held back."""
    del outline
    return Reader(operation, to, head)


def _usage(piece: _Piece) -> Usage | None:
    """Return the figures. Ollama drops those that are 0, so an absent one is unknown; a load has none at all."""
    if piece.total_duration is None and piece.prompt_eval_count is None and piece.eval_count is None:
        return None
    return Usage(
        input=piece.prompt_eval_count,
        output=piece.eval_count,
        total_ns=piece.total_duration,
        load_ns=piece.load_duration,
        input_ns=piece.prompt_eval_duration,
        output_ns=piece.eval_duration,
    )


def _arguments(found: Raw) -> str:
    """Return a call's arguments as JSON text; servers that only resemble Ollama send that text as a string."""
    text = bytes(found)
    if text == b"null":
        return "{}"
    return _decode_text(text) if text.startswith(b'"') else text.decode()


@lru_cache(maxsize=64)
def _kind(content_type: str) -> tuple[bool, str]:
    """Return whether a reply is a stream, and what else it is that is neither a stream nor JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    streamed = kind == "application/x-ndjson"
    return streamed, "" if streamed or kind.endswith("json") else kind or "no content type"


@lru_cache(maxsize=256)
def _guarded(model: str) -> tuple[bytes, bytes]:
    """Return how a reply begins that echoes the guard with the name, and how it begins without."""
    name = with_tag(model).encode()
    return b'{"model":"%b%b"' % (name, LOCAL.encode()), b'{"model":"%b"' % name


@lru_cache(maxsize=64)
def _seconds(created_at: str) -> int:
    """Return a timestamp in UTC, without its fraction, as seconds since 1970; 0 when it is no such thing."""
    try:
        return int(datetime.fromisoformat(f"{created_at}+00:00").timestamp())
    except ValueError:
        return 0
