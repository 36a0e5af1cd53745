"""llama-server's own shape on the OpenAI routes: order of members, timings, its first chunk (recordings llama-*)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.generation import ALPHANUMERIC
from hearth.rehearsal.openai_form import Form, arguments
from hearth.rehearsal.openai_wire import event
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]


class LlamaServer(Form):
    """Choices first, finish reason before index, timings at the end."""

    reasoning_field = "reasoning_content"

    def usage(self, speech: Speech) -> Object:
        """Completion tokens first."""
        return {
            "completion_tokens": speech.count, "prompt_tokens": self.tokens,
            "total_tokens": self.tokens + speech.count, "prompt_tokens_details": {"cached_tokens": 0},
        }  # fmt: skip

    def timings(self, speech: Speech) -> Object:
        """Its own figures, in milliseconds."""
        return {
            "cache_n": 0, "prompt_n": self.tokens, "prompt_ms": 0.646, "prompt_per_token_ms": 0.03,
            "prompt_per_second": 32507.7, "predicted_n": speech.count, "predicted_ms": 0.633,
            "predicted_per_token_ms": 0.07, "predicted_per_second": 14218.0,
        }  # fmt: skip

    def whole(self, parts: list[tuple[Any, str]], speech: Speech) -> Object:
        """The reply in one object."""
        text = "".join(words for kind, words in parts if kind == "text")
        thought = "".join(words for kind, words in parts if kind == "thinking")
        message: Object = {"role": "assistant", "content": text}
        if thought:
            message["reasoning_content"] = thought
        calls = self.calls(speech)
        if calls:
            message["tool_calls"] = [self.whole_call(call) for call in calls]
        choice: Object = {"finish_reason": self.reason(speech), "index": 0, "message": message}
        if self.text_only:
            choice = {"text": text, "index": 0, "logprobs": None, "finish_reason": self.reason(speech)}
        probabilities = self.logprobs(parts)
        if probabilities is not None:
            choice["logprobs"] = probabilities
        return {
            "choices": [choice], "created": self.created, "model": self.model.name, "system_fingerprint": "b1-0c1e570",
            "object": "text_completion" if self.text_only else "chat.completion", "usage": self.usage(speech),
            "id": self.id, "timings": self.timings(speech),
        }  # fmt: skip

    def whole_call(self, call: ToolCall) -> Object:
        """The id comes last."""
        return {"type": "function", "function": {"name": call.name, "arguments": arguments(call)}, "id": self.call_id()}

    def call_id(self) -> str:
        """32 letters and digits."""
        return "".join(secrets.choice(ALPHANUMERIC) for _ in range(32))

    def first(self) -> bytes:
        """The role beside a content of null."""
        return b"" if self.text_only else self.delta({"role": "assistant", "content": None})

    def delta(self, delta: Object, reason: str | None = None, *, logprobs: Object | None = None) -> bytes:
        """The finish reason comes first."""
        choice: Object = {"finish_reason": reason, "index": 0, "delta": delta}
        return self.chunk([choice | ({"logprobs": logprobs} if logprobs else {})])

    def chunk(self, choices: list[Object], *, usage: Object | None = None) -> bytes:
        """One event."""
        frame = self._frame(choices) | ({"usage": usage} if usage else {})
        return event(frame | {"id": self.id})

    def _frame(self, choices: list[Object]) -> Object:
        if self.text_only:
            return {
                "choices": choices, "created": self.created, "model": self.model.name,
                "system_fingerprint": "b1-0c1e570", "object": "text_completion",
            }  # fmt: skip
        return {
            "choices": choices, "created": self.created, "id": self.id, "model": self.model.name,
            "system_fingerprint": "b1-0c1e570", "object": "chat.completion.chunk",
        }  # fmt: skip

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Timings come with the last event, which is the usage if that was asked for."""
        yield from self.called(speech)
        if self.text_only:
            choice: Object = {"text": "", "index": 0, "logprobs": None, "finish_reason": self.reason(speech)}
            figures = {"usage": self.usage(speech), "id": self.id, "timings": self.timings(speech)}
            yield event(self._frame([choice]) | figures)
            return
        last = self._frame([{"finish_reason": self.reason(speech), "index": 0, "delta": {}}])
        if self.usage_asked:
            usage = self._frame([]) | {"usage": self.usage(speech), "timings": self.timings(speech)}
            yield event(last) + event(usage)
        else:
            yield event(last | {"timings": self.timings(speech)})

    def broken(self, text: str) -> bytes:
        """An error event with a number as its code."""
        return event({"error": {"code": 500, "message": text, "type": "server_error"}})
