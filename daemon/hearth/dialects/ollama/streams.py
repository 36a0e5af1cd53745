"""Ollama's replies, read: each line, or the one whole object, becomes a frame of its bytes and what they mean."""

from __future__ import annotations

from functools import lru_cache

from hearth.chat import Operation
from hearth.dialects.dialect import Destination, Head
from hearth.dialects.framing import MAX_RECORD, LineSplitter
from hearth.dialects.ollama.chunks import NOTHING, Chunk, decode_chunk
from hearth.dialects.ollama.failures import classify, error_text
from hearth.dialects.ollama.meaning import Meaning
from hearth.dialects.ollama.names import LOCAL, with_tag
from hearth.dialects.unreadable import UNREADABLE
from hearth.events import Failed, Frame
from hearth.problems import BrokenReply, Forbidden, Problem


class Reader:
    """Reads one reply. What kind it is tells the content type: `application/x-ndjson` is a stream, JSON is whole."""

    def __init__(self, operation: Operation, to: Destination, head: Head) -> None:
        self.finished = False
        self._streamed, self._strange = _kind(head.get("Content-Type"))
        self.whole: bool | None = not self._streamed
        self._to = to
        self._meaning = Meaning(operation, LOCAL if to.local_only else "")
        self._lines = LineSplitter()
        self._body: list[bytes] = []
        self._length = 0
        self._failed = False
        self._guarded = _guarded(to.model) if to.local_only else None

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames completed by these bytes; a whole reply is one frame, at its close."""
        if self._strange:
            return self._reject(data)
        if not self._streamed:
            return self._collect(data)
        lines = self._lines.feed(data)
        frames = [self._frame(line) for line in lines]
        if not lines and self._lines.pending > MAX_RECORD:
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
        if self._failed or self.finished or not raw or raw.isspace():
            return Frame(raw)
        try:
            chunk = decode_chunk(raw)
        except UNREADABLE:
            return self._failure(raw, self._broken("sent something that is not a whole JSON object of Ollama."))
        if chunk.error not in NOTHING:
            text, kind = error_text(chunk.error)
            return self._failure(raw, classify(text, kind, None, self._to.provider, raw=raw))
        if (chunk.remote_host or chunk.remote_model) and (self._to.local_only or self._to.no_remote):
            return self._failure(raw, self._forwarded(chunk))
        if self._guarded is not None and raw.startswith(self._guarded[0]):
            raw = self._guarded[1] + raw[len(self._guarded[0]) :]
        try:
            events = self._meaning.read(chunk)
        except UNREADABLE:
            return self._failure(raw, self._broken("sent a tool call that is not JSON in UTF-8."))
        self.finished = self._meaning.ended
        return Frame(raw, events)

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

    def _forwarded(self, chunk: Chunk) -> Forbidden:
        """A model that was local when the call was planned has become a remote one (wire/ollama §3.6)."""
        return Forbidden(
            f"{with_tag(self._to.model)} was answered by {chunk.remote_host or chunk.remote_model}, not on the spot.",
            who=self._to.provider,
            next_step="Remove the model, or set remote_models = true to allow it.",
        )


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
