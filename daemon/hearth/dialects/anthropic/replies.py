"""Replies for clients, streamed and whole, as strict as the official SDK reads them (wire/providers §5.3).

A stream is one `message_start`, the blocks (each started, filled and stopped before the next one, numbered from 0
without gaps), one `message_delta` with the reason and the counts, and one `message_stop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hearth.call import Outline
from hearth.dialects.anthropic.errors import error_body
from hearth.dialects.anthropic.pieces import Piece, Pieces
from hearth.dialects.anthropic.usage import write_usage
from hearth.dialects.dialect import Stamp
from hearth.dialects.framing import sse
from hearth.events import Done, Event, Failed, Finished, FinishReason, TextDelta, Usage
from hearth.problems import BrokenReply, Problem

PING = sse(b'{"type":"ping"}', "ping")
encode = msgspec.json.Encoder().encode
_WORDS: dict[FinishReason, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "filter": "refusal",
    "load": "end_turn",
    "unload": "end_turn",
    "unknown": "end_turn",
}
_FIELDS = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}
_DELTAS = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}


class MessageWriter:
    """Writes one reply. Other choices than the first cannot be shown here, and nobody can ask for them."""

    content_type: str
    heartbeat = PING

    def __init__(self, outline: Outline, stamp: Stamp) -> None:
        self.content_type = "text/event-stream; charset=utf-8" if outline.stream else "application/json"
        self._stamp = stamp
        self._hide = outline.wishes.thinking == "hide"
        self._pieces = Pieces(stamp)
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self._started = False
        self._open: Piece | None = None
        self._index = 0
        self._ended = False

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the records of these events."""
        out: list[bytes] = []
        for event in events:
            self._take(event, out)
        if self._pieces.waiting and not self._ended:
            self._flush(out, final=False)
        return b"".join(out)

    def _take(self, event: Event, out: list[bytes]) -> None:
        if self._ended:
            return
        if type(event) is TextDelta and event.choice == 0:  # first, since `match` asks each struct's metaclass
            self._pieces.add(event)
            return
        match event:
            case Usage():
                self._usage = event
            case Finished(choice=0):
                self._finish(event, out)
            case Done():
                self._end(out)
            case Failed(problem=problem):
                out.append(self.failed(problem))
            case _ if getattr(event, "choice", 0) == 0:
                self._pieces.add(event)

    def _begin(self, out: list[bytes]) -> None:
        if self._started:
            return
        self._started = True
        message = _message(self._stamp, [], None, None, {**write_usage(self._usage), "output_tokens": 0})
        out.append(sse(encode({"type": "message_start", "message": message}), "message_start"))

    def _flush(self, out: list[bytes], *, final: bool) -> None:
        """Write what the first waiting block has said, and the next ones as far as those before them are over."""
        self._begin(out)
        waiting = self._pieces.waiting
        while waiting:
            piece = waiting[0]
            if self._open is not piece:
                self._open = piece
                out.append(sse(_start(self._index, piece), "content_block_start"))
            self._write_piece(piece, out)
            if not (final or piece.over or (len(waiting) > 1 and piece.can_end())):
                return
            if broken := self._broken(piece):
                out.append(self.failed(broken))
                return
            self._close(piece, out)
            waiting.popleft()

    def _write_piece(self, piece: Piece, out: list[bytes]) -> None:
        if piece.unwritten:
            if not (self._hide and piece.kind == "thinking"):
                out.append(self._delta(_DELTAS[piece.kind], _FIELDS[piece.kind], "".join(piece.unwritten)))
            piece.unwritten.clear()
        out += [self._delta("citations_delta", "citation", citation) for citation in piece.citations]
        piece.citations.clear()

    def _delta(self, kind: str, field: str, given: object) -> bytes:
        return sse(
            b'{"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":%b}}'
            % (self._index, kind.encode(), field.encode(), encode(given)),
            "content_block_delta",
        )

    def _close(self, piece: Piece, out: list[bytes]) -> None:
        if piece.kind == "thinking" and piece.signature:
            out.append(self._delta("signature_delta", "signature", piece.signature))
        out.append(sse(b'{"type":"content_block_stop","index":%d}' % self._index, "content_block_stop"))
        self._index += 1
        self._open = None
        piece.over = True

    def _finish(self, event: Finished, out: list[bytes]) -> None:
        """Close all blocks; the counts may still come, so the reason waits for the end."""
        self._finished = event
        self._flush(out, final=True)

    def _end(self, out: list[bytes]) -> None:
        self._flush(out, final=True)
        if self._ended:
            return
        self._ended = True
        reason, sequence = _reason(self._finished, self._pieces)
        delta: dict[str, Any] = {"stop_reason": reason, "stop_sequence": sequence}
        if reason == "refusal":
            delta["stop_details"] = _details(self._pieces)
        ending = {"type": "message_delta", "delta": delta, "usage": write_usage(self._usage)}
        out.append(sse(encode(ending), "message_delta"))
        out.append(sse(b'{"type":"message_stop"}', "message_stop"))

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a message. Raises the `Problem` of a `Failed` among the events, or that of a call that is no JSON."""
        for event in events:
            match event:
                case Failed(problem=problem):
                    raise problem
                case Usage():
                    self._usage = event
                case Finished(choice=0):
                    self._finished = event
                case _ if getattr(event, "choice", 0) == 0:
                    self._pieces.add(event)
        for piece in self._pieces.waiting:
            if broken := self._broken(piece):
                raise broken
        reason, sequence = _reason(self._finished, self._pieces)
        content = [_block(piece, hide=self._hide) for piece in self._pieces.waiting if self._shown(piece)]
        message = _message(self._stamp, content, reason, sequence, write_usage(self._usage))
        if reason == "refusal":
            message["stop_details"] = _details(self._pieces)
        return encode(message)

    def _broken(self, piece: Piece) -> BrokenReply | None:
        """Return the problem of a call whose arguments are no JSON object: this dialect has no form for it.

        A limit of tokens may cut them, as it does at Anthropic.
        """
        cut = self._finished is not None and self._finished.reason == "length"
        if piece.kind != "tool_use" or cut or piece.arguments() is not None:
            return None
        return BrokenReply(
            f"The model called {piece.name[:80]!r} with arguments that are not a JSON object.",
            next_step="Ask again, or ask a model that is better with tools.",
        )

    def _shown(self, piece: Piece) -> bool:
        """Say whether a block has anything for this client: hidden thoughts without a seal have nothing."""
        return not (self._hide and piece.kind == "thinking" and not piece.signature)

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream: the SDK raises it, and no `message_stop` follows."""
        self._ended = True
        return sse(error_body(problem, f"req_{self._stamp.id}"), "error")


def _start(index: int, piece: Piece) -> bytes:
    return b'{"type":"content_block_start","index":%d,"content_block":%b}' % (index, encode(_empty(piece)))


def _empty(piece: Piece) -> dict[str, Any]:
    """Return a block as it stands in its start: what is told by deltas is empty."""
    match piece.kind:
        case "text":
            return {"type": "text", "text": ""}
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "redacted_thinking":
            return {"type": "redacted_thinking", "data": piece.signature}
    return {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}


def _block(piece: Piece, *, hide: bool) -> dict[str, Any]:
    """Return a whole block; arguments that a limit of tokens cut are left out."""
    block = _empty(piece)
    said = "".join(piece.said)
    if piece.kind == "text":
        block["text"] = said
        if piece.citations:
            block["citations"] = piece.citations
    elif piece.kind == "thinking":
        block |= {"thinking": "" if hide else said, "signature": piece.signature}
    elif piece.kind == "tool_use":
        block["input"] = piece.arguments() or {}
    return block


def _message(
    stamp: Stamp, content: list[dict[str, Any]], reason: str | None, sequence: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": f"msg_{stamp.id}",
        "type": "message",
        "role": "assistant",
        "model": stamp.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": usage,
    }


def _reason(finished: Finished | None, pieces: Pieces) -> tuple[str, str | None]:
    """Return `stop_reason` and `stop_sequence`; a stop after calls is "tool_use" (Ollama says `stop` there)."""
    if finished is None:
        return ("tool_use" if pieces.called else "end_turn"), None
    if finished.sequence and finished.reason in ("stop", "unknown"):
        return "stop_sequence", finished.sequence
    if pieces.called and finished.reason in ("stop", "unknown"):
        return "tool_use", None
    if pieces.refused:
        return "refusal", None
    return _WORDS[finished.reason], None


def _details(pieces: Pieces) -> dict[str, Any]:
    return {"type": "refusal", "category": None, "explanation": "".join(pieces.refused) or None}
