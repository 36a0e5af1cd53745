"""Completion replies for clients (wire/providers §5.1, wire/ollama §4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hearth.dialects.dialect import Stamp
from hearth.dialects.framing import sse
from hearth.dialects.openai_chat.outline import OpenAIOutline
from hearth.dialects.openai_chat.replies import DONE, HEARTBEAT, encode, finish_word, gather, whole_body
from hearth.dialects.openai_chat.usage import write_usage
from hearth.dialects.openai_errors import envelope
from hearth.events import Done, Event, Failed, Finished, LogProbs, TextDelta, Usage
from hearth.problems import Problem


class CompletionWriter:
    """Writes one reply of `/v1/completions`: text alone, since that route has no words for thinking or calls."""

    content_type: str
    heartbeat = HEARTBEAT

    def __init__(self, outline: OpenAIOutline, stamp: Stamp) -> None:
        self.content_type = "text/event-stream; charset=utf-8" if outline.stream else "application/json"
        self._stamp = stamp
        self._include_usage = outline.include_usage
        created = stamp.now_ns // 1_000_000_000
        self._head = {"id": f"cmpl-{stamp.id}", "object": "text_completion", "created": created, "model": stamp.model}
        start = encode(self._head)[:-1]
        self._start = b"data: " + start + b',"choices":[{"index":'
        self._usage_start = b"data: " + start + b',"choices":[],"usage":'
        self._usage: Usage | None = None
        self._offsets: dict[int, int] = {}

    def stream(self, events: Sequence[Event]) -> bytes:
        """Return the chunks of these events."""
        out: list[bytes] = []
        for event in events:
            self._write(event, out)
        return b"".join(out)

    def _write(self, event: Event, out: list[bytes]) -> None:
        match event:
            case TextDelta(text=text, choice=choice):
                out.append(self._chunk(choice, encode(text)))
            case LogProbs(content=content, choice=choice):
                table, self._offsets[choice] = old_logprobs(content, self._offsets.get(choice, 0))
                out.append(self._chunk(choice, b'""', logprobs=encode(table)))
            case Finished(choice=choice):
                out.append(self._chunk(choice, b'""', finish=encode(finish_word(event, called=False))))
            case Usage():
                self._usage = event
            case Done():
                usage = write_usage(self._usage) if self._include_usage else None
                if usage is not None:
                    out.append(self._usage_start + encode(usage) + b"}\n\n")
                out.append(DONE)
            case Failed(problem=problem):
                out.append(self.failed(problem))

    def _chunk(self, choice: int, text: bytes, *, finish: bytes = b"null", logprobs: bytes = b"null") -> bytes:
        return self._start + b'%d,"text":%b,"logprobs":%b,"finish_reason":%b}]}\n\n' % (choice, text, logprobs, finish)

    def whole(self, events: Sequence[Event]) -> bytes:
        """Return a `text_completion`. Raises the `Problem` of a `Failed` among the events."""
        choices, usage = gather(events, self._stamp)
        rows: list[dict[str, Any]] = [
            {
                "index": number,
                "text": "".join(choice.text),
                "logprobs": old_logprobs(Raw(encode(choice.logprobs)), 0)[0] if choice.logprobs else None,
                "finish_reason": choice.finish,
            }
            for number, choice in sorted(choices.items())
        ]
        return whole_body(self._head, rows, usage)

    def failed(self, problem: Problem) -> bytes:
        """Return the error that ends a stream."""
        return sse(envelope(problem))


class _Top(Struct):
    token: str = ""
    logprob: float = 0.0


class _Token(_Top):
    top_logprobs: list[_Top] | None = None


_decode_tokens = msgspec.json.Decoder(list[_Token]).decode


def old_logprobs(content: Raw, offset: int) -> tuple[dict[str, Any], int]:
    """Return token probabilities as the parallel lists of completions, and the offset after them in characters."""
    tokens = _decode_tokens(content)
    offsets = []
    for token in tokens:
        offsets.append(offset)
        offset += len(token.token)
    table = {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{top.token: top.logprob for top in token.top_logprobs or ()} for token in tokens],
        "text_offset": offsets,
    }
    return table, offset
