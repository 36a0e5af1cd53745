"""More hosted providers on OpenAI's routes, each where it differs (wire/providers §4; their own references)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.openai_form import Form
from hearth.rehearsal.openai_wire import event
from hearth.rehearsal.speech import Part, Speech

Object = dict[str, Any]
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
SOURCES = (
    {
        "title": "Rayleigh scattering",
        "url": "https://sky.example.org/rayleigh",
        "date": "2026-01-02",
        "snippet": "Blue.",
    },
    {"title": "The sky", "url": "https://sky.example.org/", "date": None},
)


class Azure(Form):
    """A first chunk without choices, filter results on each choice, and a late one without a delta."""

    def opening(self) -> bytes:
        """What the filter thinks of the prompt, before anything else."""
        filtered = [{"prompt_index": 0, "content_filter_results": SAFE}]
        return event(
            {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": filtered}
        )

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """Filter results beside each delta."""
        marked = [{**choice, "content_filter_results": {}} for choice in choices]
        return super().frame(kind, marked, usage)

    def finish(self, speech: Speech) -> bytes:
        """The filter's late findings come on a choice without a delta."""
        late = {"index": 0, "finish_reason": None, "content_filter_results": SAFE, "content_filter_offsets": {}}
        return self.chunk([late]) + super().finish(speech)


class MiniMax(Form):
    """Thinking between tags, or apart if `reasoning_split` asks for it; its own status in each reply."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - as the class it differs from
        super().__init__(*given, **named)
        self.split = self.members.get("reasoning_split") is True
        self.thinking = False

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """With `base_resp`, 0 for success."""
        return super().frame(kind, choices, usage) | {"base_resp": {"status_code": 0, "status_msg": ""}}

    def message(self, text: str, thought: str, calls: tuple[ToolCall, ...]) -> Object:
        """The thought in its own member, or in the text."""
        if thought and self.split:
            return super().message(text, "", calls) | {"reasoning_details": _details(thought)}
        return super().message(f"<think>\n{thought}</think>\n\n{text}" if thought else text, "", calls)

    def part(self, part: Part) -> bytes:
        """The tag opens before the first word of thinking and closes before the answer."""
        kind, words = part
        if self.split or self.text_only or (kind == "text" and not self.thinking):
            return super().part(part)
        tag = "<think>\n" if kind == "thinking" and not self.thinking else "</think>\n\n" if kind == "text" else ""
        self.thinking = kind == "thinking"
        return self.delta({"content": tag + words})

    def thought(self, words: str) -> Object:
        """A delta that carries thinking."""
        return {"content": "", "reasoning_details": _details(words)}


def _details(words: str) -> list[Object]:
    return [{"type": "reasoning.text", "id": "reasoning-text-1", "format": "MiniMax-response-v1", "text": words}]


class Moonshot(Form):
    """`reasoning_content`, and usage inside the choice that ends the stream."""

    reasoning_field = "reasoning_content"

    def usage(self, speech: Speech) -> Object:
        """Cached tokens have a place of their own."""
        return {**super().usage(speech), "cached_tokens": 2, "prompt_tokens_details": None}

    def finish(self, speech: Speech) -> bytes:
        """Usage comes asked for or not."""
        choice = {"index": 0, "delta": {}, "finish_reason": self.reason(speech), "usage": self.usage(speech)}
        return self.chunk([choice])


class Fireworks(Form):
    """Usage on the last chunk, asked for or not."""

    reasoning_field = "reasoning_content"

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """The finish reason and the usage share a chunk."""
        yield from self.called(speech)
        choice = {"index": 0, "delta": {}, "finish_reason": self.reason(speech)}
        yield self.chunk([choice], usage=self.usage(speech))


class Cerebras(Form):
    """`reasoning`, and its times beside the usage."""

    reasoning_field = "reasoning"

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """With `time_info` on the last one."""
        frame = super().frame(kind, choices, usage)
        return frame | ({"time_info": {"queue_time": 0.001, "total_time": 0.01}} if usage is not None else {})


class Perplexity(Form):
    """Sources on every chunk, a cost with its parts, thinking between tags."""

    opened = False

    def frame(self, kind: str, choices: list[Object], usage: Object | None) -> Object:
        """Sources and usage are repeated on each chunk."""
        addresses = [source["url"] for source in SOURCES]
        return super().frame(kind, choices, usage) | {"citations": addresses, "search_results": list(SOURCES)}

    def usage(self, speech: Speech) -> Object:
        """With what the search and the tokens cost, in USD."""
        usage = super().usage(speech)
        tokens = round(usage["total_tokens"] * self.script.cost_per_token, 9)
        cost = {"input_tokens_cost": 0.0, "output_tokens_cost": tokens, "request_cost": 0.005}
        return usage | {"search_context_size": "low", "cost": cost | {"total_cost": round(tokens + 0.005, 9)}}

    def message(self, text: str, thought: str, calls: tuple[ToolCall, ...]) -> Object:
        """The thought is a part of the text."""
        return super().message(f"<think>{thought}</think>{text}" if thought else text, "", calls)

    def part(self, part: Part) -> bytes:
        """The tags stand in pieces of their own."""
        kind, words = part
        before = ""
        if kind == "thinking" and not self.opened:
            before, self.opened = "<think>", True
        elif kind == "text" and self.opened:
            before, self.opened = "</think>", False
        return (self.delta({"content": before}) if before else b"") + self.delta({"content": words})

    def finish(self, speech: Speech) -> bytes:
        """Usage is on the last chunk, asked for or not."""
        choice = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": self.reason(speech)}
        return self.chunk([choice], usage=self.usage(speech))
