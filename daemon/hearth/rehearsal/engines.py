"""Servers that people run themselves on OpenAI's routes, each where it differs (wire/providers §4.15)."""

from __future__ import annotations

from typing import Any

from hearth.rehearsal.openai_form import Form
from hearth.rehearsal.openai_wire import event
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]
DONE = b"data: [DONE]\n\n"


class Vllm(Form):
    """`reasoning`, and [DONE] even after an error."""

    reasoning_field = "reasoning"

    def broken(self, text: str) -> bytes:
        """An error object, then the usual end mark."""
        return event({"error": {"message": text, "type": "InternalServerError", "param": None, "code": 500}}) + DONE


class Sglang(Form):
    """`reasoning_content`, and what stopped it beside the finish reason."""

    reasoning_field = "reasoning_content"

    def delta(self, delta: Object, reason: str | None = None, *, logprobs: Object | None = None) -> bytes:
        """Members it always writes, null or not."""
        whole = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None, **delta}
        choice = {"index": 0, "delta": whole, "logprobs": logprobs, "finish_reason": reason, "matched_stop": None}
        return self.chunk([choice])


class Tgi(Form):
    """`eos_token` for an end of text in older versions, errors as plain strings."""

    def reason(self, speech: Speech) -> str:
        """A stop is called as its tokenizer calls it."""
        reason = super().reason(speech)
        return "eos_token" if reason == "stop" else reason

    def broken(self, text: str) -> bytes:
        """A string and a type."""
        return event({"error": text, "error_type": "generation"})


class LmStudio(Form):
    """`reasoning_content`, unless the model is gpt-oss."""

    reasoning_field = "reasoning_content"


class LiteLLM(Form):
    """Whatever is behind it, thinking comes as `reasoning_content`; errors say through whom they came."""

    reasoning_field = "reasoning_content"

    def broken(self, text: str) -> bytes:
        """The name of its own exception before the words."""
        words = f"litellm.APIConnectionError: {text}"
        return event({"error": {"message": words, "type": "None", "param": "None", "code": "500"}})
