"""The shape of one message as Anthropic writes it: whole, and as events (wire/providers §5.3)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from hearth.rehearsal.anthropic_checks import SEAL
from hearth.rehearsal.anthropic_wire import event
from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Part, Speech

Object = dict[str, Any]


class Form:
    """Writes one message. `tokens` are those of the prompt, half of which are taken for read from a cache."""

    def __init__(self, model: ModelScript, members: Object, tokens: int) -> None:
        self.model = model
        self.id = f"msg_{secrets.token_hex(12)}"
        self.single = bool((members.get("tool_choice") or {}).get("disable_parallel_tool_use"))
        self.omits = (members.get("thinking") or {}).get("display") == "omitted"
        self.cached = tokens // 2
        self.plain = tokens - self.cached
        self._index = 0
        self._open = ""

    def calls(self, speech: Speech) -> tuple[ToolCall, ...]:
        """The calls made; one only if the client wants them one by one."""
        made = speech.answer.calls if speech.calls else ()
        return made[:1] if self.single else made

    def ending_of(self, speech: Speech) -> Object:
        """The reason of the end, and the stop sequence that was met."""
        if speech.calls:
            return {"stop_reason": "tool_use", "stop_sequence": None}
        if speech.reason == "length":
            return {"stop_reason": "max_tokens", "stop_sequence": None}
        met = speech.stops[0] if speech.stops and speech.answer.cycle else None
        return {"stop_reason": "stop_sequence" if met else "end_turn", "stop_sequence": met}

    def usage(self, output: int, thought: int = 0) -> Object:
        """Tokens, the cached ones beside the others."""
        return {
            "input_tokens": self.plain, "cache_creation_input_tokens": 0, "cache_read_input_tokens": self.cached,
            "output_tokens": output, "output_tokens_details": {"thinking_tokens": thought},
            "service_tier": "standard",
        }  # fmt: skip

    def whole(self, parts: list[Part], speech: Speech) -> Object:
        """The message in one object."""
        thought = "".join(words for kind, words in parts if kind == "thinking")
        text = "".join(words for kind, words in parts if kind == "text")
        content: list[Object] = []
        if thought:
            content.append({"type": "thinking", "thinking": "" if self.omits else thought, "signature": seal()})
        if text:
            content.append({"type": "text", "text": text})
        content += [
            {"type": "tool_use", "id": call_id(), "name": call.name, "input": call.arguments}
            for call in self.calls(speech)
        ]
        usage = self.usage(speech.count, len(speech.answer.thinking))
        return self._message(content, usage) | self.ending_of(speech)

    def _message(self, content: list[Object], usage: Object) -> Object:
        return {
            "model": self.model.name, "id": self.id, "type": "message", "role": "assistant", "content": content,
            "stop_reason": None, "stop_sequence": None, "stop_details": None, "usage": usage,
        }  # fmt: skip

    def opening(self) -> bytes:
        """The first event, and a ping."""
        start = event({"type": "message_start", "message": self._message([], self.usage(1))})
        return start + event({"type": "ping"})

    def part(self, part: Part) -> bytes:
        """One piece of thinking or text, with the start of its block where it is the first."""
        kind, words = part
        empty = {"type": "thinking", "thinking": "", "signature": ""} if kind == "thinking" else _TEXT
        out = self._switch(kind, empty)
        if kind == "thinking":
            return out if self.omits else out + self._delta({"type": "thinking_delta", "thinking": words})
        return out + self._delta({"type": "text_delta", "text": words})

    def _switch(self, kind: str, empty: Object) -> bytes:
        if self._open == kind:
            return b""
        out = self.close()
        self._open = kind
        return out + event({"type": "content_block_start", "index": self._index, "content_block": empty})

    def close(self) -> bytes:
        """Stop the open block; thinking is sealed before."""
        if not self._open:
            return b""
        out = self._delta({"type": "signature_delta", "signature": seal()}) if self._open == "thinking" else b""
        out += event({"type": "content_block_stop", "index": self._index})
        self._index += 1
        self._open = ""
        return out

    def _delta(self, delta: Object) -> bytes:
        return event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """Calls, the reason, the counts, the end."""
        yield self.close()
        for call in self.calls(speech):
            yield from self._call(call)
        usage = self.usage(speech.count, len(speech.answer.thinking))
        yield event({"type": "message_delta", "delta": self.ending_of(speech), "usage": usage})
        yield event({"type": "message_stop"})

    def _call(self, call: ToolCall) -> Iterator[bytes]:
        """One call: its head, an empty fragment as the real server sends, then its arguments in fragments."""
        head = {"type": "tool_use", "id": call_id(), "name": call.name, "input": {}}
        yield self._switch(f"call {call_id()}", head) + self._delta({"type": "input_json_delta", "partial_json": ""})
        text = msgspec.json.encode(call.arguments).decode() if call.arguments else ""
        for start in range(0, len(text), 6):
            yield self._delta({"type": "input_json_delta", "partial_json": text[start : start + 6]})
        yield self.close()


_TEXT: Object = {"type": "text", "text": ""}


def call_id() -> str:
    """An id for a call."""
    return f"toolu_{secrets.token_hex(12)}"


def seal() -> str:
    """A signature that nobody else makes."""
    return SEAL + secrets.token_urlsafe(24)
