"""How providers differ from OpenAI on the same routes, one class a provider (wire/providers §4.4 to §4.11)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from hearth.rehearsal import llama_routes
from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.engines import LiteLLM, LmStudio, Sglang, Tgi, Vllm
from hearth.rehearsal.hosted import Azure, Cerebras, Fireworks, MiniMax, Moonshot, Perplexity
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.llama_server import LlamaServer
from hearth.rehearsal.openai_form import Form
from hearth.rehearsal.openai_wire import Problem, event
from hearth.rehearsal.script import Flavour, ModelScript, Script
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]


class OpenRouter(Form):
    """Comments while it waits, a price in the usage, errors inside a chunk."""

    reasoning_field = "reasoning"

    def opening(self) -> bytes:
        """Comments that keep the connection open."""
        return b": OPENROUTER PROCESSING\n\n" * 2

    def message(self, text: str, thought: str, calls: tuple[ToolCall, ...]) -> Object:
        """A whole answer tells its thinking twice as well."""
        message = super().message(text, thought, calls)
        return message | {"reasoning_details": self._details(thought)} if thought else message

    def thought(self, words: str) -> Object:
        """Thinking twice: as text and as details."""
        return {"role": "assistant", "content": "", "reasoning": words, "reasoning_details": self._details(words)}

    def _details(self, words: str) -> list[Object]:
        return [{"type": "reasoning.text", "text": words, "format": "unknown", "index": 0}]

    def usage(self, speech: Speech) -> Object:
        """With the cost in USD, which is what is charged."""
        usage = super().usage(speech)
        cost = round(usage["total_tokens"] * self.script.cost_per_token, 9)
        return usage | {"cost": cost, "is_byok": False, "cost_details": {"upstream_inference_cost": None}}

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """With the provider behind it."""
        frame = super().frame(kind, choices, usage)
        del frame["service_tier"]
        for choice in choices:
            choice["native_finish_reason"] = choice.get("finish_reason")
        return {"id": frame.pop("id"), "provider": "Rehearsal", **frame}

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Usage comes whether asked for or not, on a last chunk that still has a choice."""
        yield from self.called(speech)
        yield self.finish(speech)
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
        yield self.chunk([choice], usage=self.usage(speech))

    def broken(self, text: str) -> bytes:
        """A normal chunk with an error beside its choices, status 200."""
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        frame = self.frame("chat.completion.chunk", [choice], None)
        return event(frame | {"error": {"code": 502, "message": text, "metadata": {"provider_name": "Rehearsal"}}})


class Groq(Form):
    """Usage under `x_groq` on the last chunk, asked for or not."""

    reasoning_field = "reasoning"

    def first(self) -> bytes:
        """The first chunk carries the request's id."""
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        return event(self.frame("chat.completion.chunk", [choice], None) | {"x_groq": {"id": f"req_{self.id[9:]}"}})

    def usage(self, speech: Speech) -> Object:
        """With times in seconds."""
        return {
            "queue_time": 0.001, "prompt_tokens": self.tokens, "prompt_time": 0.001,
            "completion_tokens": speech.count, "completion_time": 0.01, "total_tokens": self.tokens + speech.count,
            "total_time": 0.011,
        }  # fmt: skip

    def finish(self, speech: Speech) -> bytes:
        """The finish reason with the usage in Groq's own place."""
        choice = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": self.reason(speech)}
        frame = self.frame("chat.completion.chunk", [choice], None)
        return event(frame | {"x_groq": {"id": f"req_{self.id[9:]}", "usage": self.usage(speech)}})

    def broken(self, text: str) -> bytes:
        """An event of its own kind."""
        return b"event: error\n" + event({"error": {"message": text, "type": "internal_server_error"}})


class Mistral(Form):
    """Thinking as content parts, nine-character ids, whole calls, usage with the finish."""

    def message(self, text: str, thought: str, calls: tuple[ToolCall, ...]) -> Object:
        """Content is an array when there was thinking."""
        content: object = text
        if thought:
            content = [_mistral_thinking(thought), {"type": "text", "text": text}]
        message: Object = {"role": "assistant", "content": content, "tool_calls": None}
        return message | ({"tool_calls": [self.whole_call(call) for call in calls]} if calls else {})

    def thought(self, words: str) -> Object:
        """A delta whose content is an array."""
        return {"content": [_mistral_thinking(words)]}

    def call_id(self) -> str:
        """Nine letters and digits."""
        return secrets.token_hex(5)[:9]

    def call(self, index: int, call: ToolCall) -> Iterator[bytes]:
        """A call comes in one piece."""
        yield self.delta({"tool_calls": [{"index": index, **self.whole_call(call)}]})

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Usage sits on the chunk with the finish reason."""
        yield from self.called(speech)
        yield self.chunk(
            [{"index": 0, "delta": {"content": ""}, "finish_reason": self.reason(speech)}], usage=self.usage(speech)
        )


def _mistral_thinking(words: str) -> Object:
    return {"type": "thinking", "thinking": [{"type": "text", "text": words}]}


class DeepSeek(Form):
    """Keep-alives while it waits, `reasoning_content`, cache hits in the usage."""

    reasoning_field = "reasoning_content"
    blank_lines = b"\n\n\n"

    def opening(self) -> bytes:
        """Comments that keep the connection open."""
        return b": keep-alive\n\n" * 2

    def thought(self, words: str) -> Object:
        """Thinking beside a content of null."""
        return {"content": None, "reasoning_content": words}

    def usage(self, speech: Speech) -> Object:
        """With the prompt split into cached and new tokens."""
        return super().usage(speech) | {"prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": self.tokens}

    def finish(self, speech: Speech) -> bytes:
        """Usage also sits on the chunk with the finish reason."""
        choice = {"index": 0, "delta": {"content": ""}, "logprobs": None, "finish_reason": self.reason(speech)}
        return self.chunk([choice], usage=self.usage(speech))


class Together(Form):
    """The role in every delta, `eos` for stop, usage on the last chunk."""

    reasoning_field = "reasoning"

    def reason(self, speech: Speech) -> str:
        """An end of text is called eos."""
        reason = super().reason(speech)
        return "eos" if reason == "stop" else reason

    def delta(self, delta: Object, reason: str | None = None, *, logprobs: Object | None = None) -> bytes:
        """Each delta says the role again."""
        return super().delta({"role": "assistant", "content": "", **delta}, reason, logprobs=logprobs)

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Usage comes whether asked for or not."""
        yield from self.called(speech)
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": self.reason(speech)}
        yield self.chunk([choice], usage=self.usage(speech))


class Xai(Form):
    """`reasoning_content`, and reasoning tokens that completion_tokens leave out."""

    reasoning_field = "reasoning_content"

    def usage(self, speech: Speech) -> Object:
        """Completion and reasoning tokens are exclusive."""
        usage = super().usage(speech)
        return usage | {"completion_tokens": speech.count - len(speech.answer.thinking)}


class HuggingFace(Form):
    """Errors as plain strings, also in mid-stream."""

    reasoning_field = "reasoning"

    def broken(self, text: str) -> bytes:
        """A string and a type."""
        return event({"error": text, "error_type": "generation"})


FORMS: dict[Flavour, type[Form]] = {
    "openai": Form, "openrouter": OpenRouter, "groq": Groq, "mistral": Mistral, "deepseek": DeepSeek,
    "together": Together, "xai": Xai, "llama-server": LlamaServer, "huggingface": HuggingFace,
    "azure": Azure, "minimax": MiniMax, "moonshot": Moonshot, "fireworks": Fireworks, "cerebras": Cerebras,
    "perplexity": Perplexity, "vllm": Vllm, "sglang": Sglang, "tgi": Tgi, "lm-studio": LmStudio, "litellm": LiteLLM,
    "nvidia": Vllm, "localai": Form,
}  # fmt: skip


def form(script: Script, model: ModelScript, members: Object, tokens: int, *, text_only: bool = False) -> Form:
    """The form in which this provider writes."""
    return FORMS[script.flavour](script, model, members, tokens, text_only=text_only)


def before(script: Script, request: Request) -> Reply | None:
    """The answer of a route that only this provider has, or None."""
    if script.flavour == "azure" and "/v1/" not in request.path and "api-version=" not in request.target:
        raise Problem(404, "Resource not found", code="404")
    return llama_routes.reply(script, request) if script.flavour == "llama-server" else None


def completed(script: Script, request: Request, members: Object) -> Object:
    """The members of a request with what its address says: Azure's older one names the model there."""
    if script.flavour != "azure" or "/deployments/" not in request.path:
        return members
    return members | {"model": request.path.partition("/deployments/")[2].partition("/")[0]}
