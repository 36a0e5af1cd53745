"""The output items of one rehearsed response: whole, and as the numbered events of a stream (wire/providers §5.2)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from typing import Any

import msgspec

from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Part, Speech

Object = dict[str, Any]
SEAL = "gAAAAA-rehearsed-"
"""How thinking sealed by the rehearsal begins; it takes no other back."""


class Response:
    """Writes one response. `tokens` are those of the prompt."""

    def __init__(self, model: ModelScript, members: Object, tokens: int) -> None:
        self.members = members
        self.tokens = tokens
        self.id = f"resp_{secrets.token_hex(25)}"
        self.model = model.name
        self.created = int(time.time())
        self.custom = {tool["name"] for tool in members.get("tools") or () if tool["type"] == "custom"}
        self.shows_thinking = bool((members.get("reasoning") or {}).get("summary"))
        self.seals = "reasoning.encrypted_content" in (members.get("include") or ())
        self.output: list[Object] = []
        self._number = 0
        self._open = ""
        self._said = ""

    # A whole reply.

    def whole(self, parts: list[Part], speech: Speech) -> Object:
        """The response in one object."""
        for part in parts:
            list(self.part(part))
        list(self.ending(speech))
        return self._object(*self._end(speech), usage=self._usage(speech))

    def _object(self, status: str, reason: str | None = None, *, usage: Object | None = None) -> Object:
        asked = self.members
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "instructions": asked.get("instructions"),
            "max_output_tokens": asked.get("max_output_tokens"),
            "metadata": asked.get("metadata") or {},
            "model": self.model,
            "output": self.output if usage else [],
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None} | (asked.get("reasoning") or {}),
            "service_tier": "default",
            "store": asked.get("store", True),
            "temperature": asked.get("temperature", 1.0),
            "text": asked.get("text") or {"format": {"type": "text"}, "verbosity": "medium"},
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p", 1.0),
            "truncation": asked.get("truncation", "disabled"),
            "usage": usage,
            "user": None,
        }

    def _end(self, speech: Speech) -> tuple[str, str | None]:
        return ("incomplete", "max_output_tokens") if speech.reason == "length" else ("completed", None)

    def _usage(self, speech: Speech) -> Object:
        return {
            "input_tokens": self.tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": speech.count,
            "output_tokens_details": {"reasoning_tokens": len(speech.answer.thinking)},
            "total_tokens": self.tokens + speech.count,
        }

    # A stream.

    def _event(self, kind: str, **members: object) -> bytes:
        data = msgspec.json.encode({"type": kind, "sequence_number": self._number, **members})
        self._number += 1
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)

    def opening(self) -> Iterator[bytes]:
        """The two events before anything is thought."""
        yield self._event("response.created", response=self._object("in_progress"))
        yield self._event("response.in_progress", response=self._object("in_progress"))

    def part(self, part: Part) -> Iterator[bytes]:
        """A piece of thinking or text, with what begins or ends around it."""
        kind, words = part
        if kind != self._open:
            yield from self._close()
            yield from self._begin(kind)
        self._said += words
        place = {"item_id": self.output[-1]["id"], "output_index": len(self.output) - 1}
        if kind == "text":
            yield self._event("response.output_text.delta", **place, content_index=0, delta=words, logprobs=[])
        elif self.shows_thinking:
            yield self._event("response.reasoning_summary_text.delta", **place, summary_index=0, delta=words)

    def _begin(self, kind: str) -> Iterator[bytes]:
        self._open, place = kind, len(self.output)
        if kind == "text":
            item: Object = {"id": f"msg_{secrets.token_hex(24)}", "type": "message", "status": "in_progress"}
            self.output.append(item | {"content": [], "role": "assistant"})
            yield self._event("response.output_item.added", output_index=place, item=self.output[-1])
            at = {"item_id": item["id"], "output_index": place, "content_index": 0}
            yield self._event("response.content_part.added", **at, part=_text_part(""))
            return
        self.output.append({"id": f"rs_{secrets.token_hex(24)}", "type": "reasoning", "summary": []})
        yield self._event("response.output_item.added", output_index=place, item=self.output[-1])
        if self.shows_thinking:
            at = {"item_id": self.output[-1]["id"], "output_index": place, "summary_index": 0}
            empty = {"type": "summary_text", "text": ""}
            yield self._event("response.reasoning_summary_part.added", **at, part=empty)

    def _close(self) -> Iterator[bytes]:
        """End the open item."""
        kind, text = self._open, self._said
        self._open, self._said = "", ""
        if not kind:
            return
        item, place = self.output[-1], len(self.output) - 1
        at = {"item_id": item["id"], "output_index": place}
        if kind == "text":
            yield self._event("response.output_text.done", **at, content_index=0, text=text, logprobs=[])
            yield self._event("response.content_part.done", **at, content_index=0, part=_text_part(text))
            item |= {"status": "completed", "content": [_text_part(text)]}
        else:
            if self.shows_thinking:
                part = {"type": "summary_text", "text": text}
                yield self._event("response.reasoning_summary_text.done", **at, summary_index=0, text=text)
                yield self._event("response.reasoning_summary_part.done", **at, summary_index=0, part=part)
                item["summary"] = [part]
            if self.seals:
                item["encrypted_content"] = SEAL + item["id"]
        yield self._event("response.output_item.done", output_index=place, item=item)

    def ending(self, speech: Speech) -> Iterator[bytes]:
        """The calls, and the terminal event."""
        yield from self._close()
        made = speech.answer.calls if speech.calls else ()
        for call in made if self.members.get("parallel_tool_calls") is not False else made[:1]:
            yield from self._call(call)
        status, reason = self._end(speech)
        yield self._event(f"response.{status}", response=self._object(status, reason, usage=self._usage(speech)))

    def _call(self, call: ToolCall) -> Iterator[bytes]:
        """A call of a function, its arguments in two pieces, or of a freeform tool."""
        freeform = call.name in self.custom
        kind, field = ("custom_tool_call", "input") if freeform else ("function_call", "arguments")
        text = call.arguments.get("city", "") if freeform else msgspec.json.encode(call.arguments).decode()
        text = text[:-1] if call.cut else text
        item: Object = {
            "id": f"{'ctc' if freeform else 'fc'}_{secrets.token_hex(24)}",
            "type": kind,
            "status": "in_progress",
            "call_id": f"call_{secrets.token_hex(12)}",
            "name": call.name,
            field: "",
        }
        at = {"item_id": item["id"], "output_index": len(self.output)}
        self.output.append(item)
        yield self._event("response.output_item.added", output_index=at["output_index"], item=item)
        name = "custom_tool_call_input" if freeform else "function_call_arguments"
        half = len(text) // 2
        for piece in filter(None, (text[:half], text[half:])):
            yield self._event(f"response.{name}.delta", **at, delta=piece)
        yield self._event(f"response.{name}.done", **at, **{field: text})
        item |= {"status": "completed", field: text}
        yield self._event("response.output_item.done", output_index=at["output_index"], item=item)

    def broken(self, text: str) -> bytes:
        """An error in the middle: the event that SDKs raise at, then the one that ends the response."""
        error = {"type": "server_error", "code": "server_error", "message": text, "param": None}
        failed = self._object("failed") | {"error": {"code": "server_error", "message": text}}
        return self._event("error", error=error) + self._event("response.failed", response=failed)


def _text_part(text: str) -> Object:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
