"""The shape of one completion as OpenAI itself writes it: whole, and as chunks (wire/providers §4.1, §5.1)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.openai_wire import event
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Part, Speech

Object = dict[str, Any]


class Form:
    """Writes one answer. A provider that differs overrides the method in which it differs.

    `text_only` is the form of /completions. `tokens` are those of the prompt.
    """

    blank_lines = b""
    reasoning_field = ""

    def __init__(self, script: Script, model: ModelScript, members: Object, tokens: int, *, text_only: bool) -> None:
        self.script = script
        self.model = model
        self.members = members
        self.tokens = tokens
        self.text_only = text_only
        self.streams = bool(members.get("stream"))
        self.usage_asked = bool((members.get("stream_options") or {}).get("include_usage"))
        self.id = ("cmpl-" if text_only else "chatcmpl-") + secrets.token_hex(12)
        self.created = int(time.time())
        self.parallel = members.get("parallel_tool_calls") is not False
        self._told: tuple[int, int] | None = None

    # Values.

    def usage(self, speech: Speech) -> Object:
        """Tokens in and out."""
        thought = len(speech.answer.thinking)
        self._told = (self.tokens, speech.count)
        return {
            "prompt_tokens": self.tokens,
            "completion_tokens": speech.count,
            "total_tokens": self.tokens + speech.count,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": thought, "audio_tokens": 0},
        }

    def counted(self) -> tuple[int, int] | None:
        """The tokens that the reply has told of so far."""
        return self._told

    def reason(self, speech: Speech) -> str:
        """The finish reason."""
        return "tool_calls" if self.calls(speech) else speech.reason or "stop"

    def calls(self, speech: Speech) -> tuple[ToolCall, ...]:
        """The calls made; one only if the client wants them one by one."""
        made = speech.answer.calls if speech.calls else ()
        return made if self.parallel else made[:1]

    def call_id(self) -> str:
        """An id for a call."""
        return "call_" + secrets.token_urlsafe(18).replace("-", "A").replace("_", "B")

    # A whole reply.

    def whole(self, parts: list[Part], speech: Speech) -> Object:
        """The reply in one object."""
        text = "".join(words for kind, words in parts if kind == "text")
        thought = "".join(words for kind, words in parts if kind == "thinking")
        if self.text_only:
            choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": self.reason(speech)}
            return self.frame("text_completion", [choice], self.usage(speech))
        choice = {
            "index": 0, "message": self.message(text, thought, self.calls(speech)), "logprobs": self.logprobs(parts),
            "finish_reason": self.reason(speech),
        }  # fmt: skip
        return self.frame("chat.completion", [choice], self.usage(speech))

    def message(self, text: str, thought: str, calls: tuple[ToolCall, ...]) -> Object:
        """The assistant's message."""
        message: Object = {"role": "assistant", "content": None if calls and not text else text, "refusal": None}
        if thought and self.reasoning_field:
            message[self.reasoning_field] = thought
        if calls:
            message["tool_calls"] = [self.whole_call(call) for call in calls]
        return message

    def whole_call(self, call: ToolCall) -> Object:
        """One call in one piece."""
        return {"id": self.call_id(), "type": "function", "function": {"name": call.name, "arguments": arguments(call)}}

    def logprobs(self, parts: list[Part]) -> Object | None:
        """Log probabilities of the visible tokens, if they were asked for."""
        if not self.members.get("logprobs") or self.text_only:
            return None
        words = [each for kind, each in parts if kind == "text"]
        return {
            "content": [
                {"token": each, "logprob": -0.0001, "bytes": list(each.encode()), "top_logprobs": []} for each in words
            ]
        }

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """The members around the choices."""
        frame: Object = {
            "id": self.id, "object": kind, "created": self.created, "model": self.model.name, "choices": choices,
            "service_tier": "default", "system_fingerprint": "fp_rehearsal",
        }  # fmt: skip
        return frame | ({"usage": usage} if usage is not None else {})

    # A stream.

    def opening(self) -> bytes:
        """What comes before the first token is ready."""
        return b""

    def first(self) -> bytes:
        """The first event: the role alone."""
        return b"" if self.text_only else self.delta({"role": "assistant", "content": "", "refusal": None})

    def part(self, part: Part) -> bytes:
        """One piece of thinking or text."""
        kind, words = part
        if self.text_only:
            return self.chunk([{"text": words, "index": 0, "logprobs": None, "finish_reason": None}])
        if kind == "thinking":
            return self.delta(self.thought(words))
        return self.delta({"content": words}, logprobs=self.logprobs([part]))

    def thought(self, words: str) -> Object:
        """A delta that carries thinking; OpenAI's chat shows none."""
        return {self.reasoning_field: words} if self.reasoning_field else {"content": ""}

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Calls, finish and usage."""
        yield from self.called(speech)
        yield self.finish(speech)
        if self.usage_asked:
            yield self.chunk([], usage=self.usage(speech))

    def finish(self, speech: Speech) -> bytes:
        """The event with the finish reason."""
        if self.text_only:
            return self.chunk([{"text": "", "index": 0, "logprobs": None, "finish_reason": self.reason(speech)}])
        return self.delta({}, self.reason(speech))

    def called(self, speech: Speech) -> Iterator[bytes]:
        """All calls, one after another."""
        for index, call in enumerate(self.calls(speech)):
            yield from self.call(index, call)

    def call(self, index: int, call: ToolCall) -> Iterator[bytes]:
        """One call: its name first, then its arguments in fragments."""
        head = {
            "index": index,
            "id": self.call_id(),
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield self.delta({"tool_calls": [head]})
        text = arguments(call)
        for start in range(0, len(text), 6):
            yield self.delta({"tool_calls": [{"index": index, "function": {"arguments": text[start : start + 6]}}]})

    def delta(self, delta: Object, reason: str | None = None, *, logprobs: Object | None = None) -> bytes:
        """One event with a delta."""
        return self.chunk([{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": reason}])

    def chunk(self, choices: list[Object], *, usage: Object | None = None) -> bytes:
        """One event; with include_usage each but the last has a usage of null."""
        kind = "text_completion" if self.text_only else "chat.completion.chunk"
        frame = self.frame(kind, choices, usage)
        if self.usage_asked and usage is None:
            frame["usage"] = None
        return event(frame)

    def broken(self, text: str) -> bytes:
        """An error in mid-stream; the stream ends after it without [DONE]."""
        return event({"error": {"message": text, "type": "server_error", "param": None, "code": None}})


def arguments(call: ToolCall) -> str:
    """The arguments as a JSON text; cut short for a call that was cut."""
    text = msgspec.json.encode(call.arguments).decode()
    return text[: len(text) // 2] if call.cut else text
