"""The output items of one response, built event by event: each opened once, filled, and closed once, in order.

Every step returns the wire events it stands for, as (type, members) without sequence numbers (wire/providers §5.2).
A whole reply takes the same steps and looks at `items` alone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hearth.dialects.dialect import Stamp
from hearth.dialects.openai_responses.seals import shown
from hearth.dialects.openai_responses.tools import Own, freeform
from hearth.events import Citation, LogProbs, RefusalDelta, TextDelta, ThinkingDelta, ThinkingSealed, ToolCallDelta

encode = msgspec.json.Encoder().encode
WireEvent = tuple[str, dict[str, Any] | bytes]
"""Type and members; what comes with each piece has its members written already, without the braces."""
Item = dict[str, Any]


class Output:
    """All items of one response. At most one message or reasoning item is open; calls stay open beside it."""

    def __init__(self, stamp: Stamp, own: dict[str, Own]) -> None:
        self.items: list[Item] = []
        self._stamp = stamp
        self._own = own
        self._out: list[WireEvent] = []
        self._message: _Message | None = None
        self._reasoning: _Reasoning | None = None
        self._calls: dict[int, _Call] = {}

    def text(self, event: TextDelta) -> list[WireEvent]:
        """Add words of the answer."""
        return self._in_message("output_text").say(event.text, self._flushed())

    def refusal(self, event: RefusalDelta) -> list[WireEvent]:
        """Add words of a refusal."""
        return self._in_message("refusal").say(event.text, self._flushed())

    def logprobs(self, event: LogProbs) -> list[WireEvent]:
        """Add token probabilities, in a delta without words of its own."""
        return self._in_message("output_text").weigh(msgspec.json.decode(event.content), self._flushed())

    def citation(self, event: Citation) -> list[WireEvent]:
        """Add a source to what was said since the last one."""
        return self._in_message("output_text").cite(event, self._flushed())

    def thinking(self, event: ThinkingDelta) -> list[WireEvent]:
        """Add to what the model thinks, shown as a summary."""
        return self._thinking().say(event.text, self._flushed())

    def sealed(self, event: ThinkingSealed) -> list[WireEvent]:
        """End the thinking with its sealed form."""
        encrypted, id = shown(event.opaque, event.producer)
        reasoning = self._reasoning or self._thinking(id)
        reasoning.item["encrypted_content"] = encrypted
        self._close_reasoning("completed")
        return self._flushed()

    def call(self, event: ToolCallDelta) -> list[WireEvent]:
        """Add a piece of a call."""
        call = self._calls.get(event.index)
        if call is None:
            self._close_words("completed")
            call = self._calls[event.index] = self._begun(event)
        call.add(event.arguments, self._out)
        if event.whole:
            call.close("completed", self._out)
        return self._flushed()

    def close(self, status: str) -> list[WireEvent]:
        """Close what is open, the calls in their order; `status` is "completed" or "incomplete"."""
        self._close_words(status)
        for call in self._calls.values():
            call.close(status, self._out)
        return self._flushed()

    def _begun(self, event: ToolCallDelta) -> _Call:
        own = self._own.get(event.name) or Own(event.name)
        place = len(self.items)
        call_id = event.id or f"call_{self._stamp.id}{event.index:02}"
        call = _Call(f"{'ctc' if own.custom else 'fc'}_{self._stamp.id}{place:02}", place, call_id, own)
        self._add(call.item, place)
        return call

    def _in_message(self, kind: str) -> _Message:
        """Return the open message, with a part of this kind open in it."""
        self._close_reasoning("completed")
        if self._message is None:
            place = len(self.items)
            self._message = _Message(f"msg_{self._stamp.id}{place:02}", place)
            self._add(self._message.item, place)
        self._message.turn_to(kind, self._out)
        return self._message

    def _thinking(self, id: str = "") -> _Reasoning:
        """Return the open reasoning item; `id` is its maker's own, if it is begun."""
        if self._reasoning is None:
            self._close_words("completed")
            place = len(self.items)
            self._reasoning = _Reasoning(id or f"rs_{self._stamp.id}{place:02}", place)
            self._add(self._reasoning.item, place)
        return self._reasoning

    def _add(self, item: Item, place: int) -> None:
        self.items.append(item)
        self._out.append(("response.output_item.added", {"output_index": place, "item": _copied(item)}))

    def _close_words(self, status: str) -> None:
        self._close_reasoning(status)
        if self._message is not None:
            self._message.close(status, self._out)
            self._message = None

    def _close_reasoning(self, status: str) -> None:
        if self._reasoning is not None:
            self._reasoning.close(status, self._out)
            self._reasoning = None

    def _flushed(self) -> list[WireEvent]:
        out, self._out = self._out, []
        return out


class _Message:
    """A message item; one of its parts is open at a time."""

    def __init__(self, id: str, place: int) -> None:
        self.item: Item = {"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        self._at = {"item_id": id, "output_index": place}
        self._place = place
        self._kind = ""
        self._before = self._after = b""
        self._said: list[str] = []
        self._logprobs: list[Any] = []
        self._cited = 0

    def turn_to(self, kind: str, out: list[WireEvent]) -> None:
        """Open a part of this kind, unless it is open."""
        if kind == self._kind:
            return
        self._end_part(out)
        self._kind = kind
        self.item["content"].append(_part(kind))
        self._before = encode(self._here())[1:-1] + b',"delta":'
        self._after = b',"logprobs":[]' if kind == "output_text" else b""
        out.append(("response.content_part.added", {**self._here(), "part": _part(kind)}))

    def _here(self) -> dict[str, Any]:
        return {**self._at, "content_index": len(self.item["content"]) - 1}

    def say(self, text: str, out: list[WireEvent]) -> list[WireEvent]:
        self._said.append(text)
        out.append((f"response.{self._kind}.delta", self._before + encode(text) + self._after))
        return out

    def weigh(self, tokens: list[Any], out: list[WireEvent]) -> list[WireEvent]:
        self._logprobs += tokens
        out.append(("response.output_text.delta", {**self._here(), "delta": "", "logprobs": tokens}))
        return out

    def cite(self, event: Citation, out: list[WireEvent]) -> list[WireEvent]:
        end = sum(map(len, self._said))
        annotation = {
            "type": "url_citation",
            "url": event.url,
            "title": event.title,
            "start_index": min(self._cited, end),
            "end_index": end,
        }
        self._cited = end
        annotations = self.item["content"][-1]["annotations"]
        place = {**self._here(), "annotation_index": len(annotations)}
        annotations.append(annotation)
        out.append(("response.output_text.annotation.added", {**place, "annotation": annotation}))
        return out

    def _end_part(self, out: list[WireEvent]) -> None:
        if not self._kind:
            return
        part, text = self.item["content"][-1], "".join(self._said)
        field = "text" if self._kind == "output_text" else "refusal"
        part[field] = text
        done = {**self._here(), field: text}
        if self._kind == "output_text":
            part["logprobs"] = done["logprobs"] = self._logprobs
        out.append((f"response.{self._kind}.done", done))
        out.append(("response.content_part.done", {**self._here(), "part": part}))
        self._said, self._logprobs, self._cited, self._kind = [], [], 0, ""

    def close(self, status: str, out: list[WireEvent]) -> None:
        self._end_part(out)
        self.item["status"] = status
        out.append(("response.output_item.done", {"output_index": self._place, "item": self.item}))


def _part(kind: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": "refusal", "refusal": ""}
    return {"type": "output_text", "text": "", "annotations": [], "logprobs": []}


class _Reasoning:
    """A reasoning item; what may be shown of the thinking is the one part of its summary."""

    def __init__(self, id: str, place: int) -> None:
        self.item: Item = {"id": id, "type": "reasoning", "status": "in_progress", "summary": []}
        self._at = {"item_id": id, "output_index": place, "summary_index": 0}
        self._place = place
        self._said: list[str] = []

    def say(self, text: str, out: list[WireEvent]) -> list[WireEvent]:
        if not self._said:
            empty = {"type": "summary_text", "text": ""}
            out.append(("response.reasoning_summary_part.added", {**self._at, "part": empty}))
        self._said.append(text)
        out.append(("response.reasoning_summary_text.delta", {**self._at, "delta": text}))
        return out

    def close(self, status: str, out: list[WireEvent]) -> None:
        if self._said:
            text = "".join(self._said)
            part = {"type": "summary_text", "text": text}
            self.item["summary"] = [part]
            out.append(("response.reasoning_summary_text.done", {**self._at, "text": text}))
            out.append(("response.reasoning_summary_part.done", {**self._at, "part": part}))
        self.item["status"] = status
        out.append(("response.output_item.done", {"output_index": self._place, "item": self.item}))


class _Call:
    """A call of a function, or of a freeform tool, whose input is known when its arguments are whole."""

    def __init__(self, id: str, place: int, call_id: str, own: Own) -> None:
        self._at = {"item_id": id, "output_index": place}
        self._place = place
        self._custom = own.custom
        self._field = "input" if own.custom else "arguments"
        self._said: list[str] = []
        self._closed = False
        kind = "custom_tool_call" if own.custom else "function_call"
        self.item: Item = {"id": id, "type": kind, "status": "in_progress", "call_id": call_id, "name": own.name}
        if own.namespace:
            self.item["namespace"] = own.namespace
        self.item[self._field] = ""

    def add(self, piece: str, out: list[WireEvent]) -> None:
        if self._closed or not piece:
            return
        self._said.append(piece)
        if not self._custom:
            out.append(("response.function_call_arguments.delta", {**self._at, "delta": piece}))

    def close(self, status: str, out: list[WireEvent]) -> None:
        if self._closed:
            return
        self._closed = True
        text = "".join(self._said)
        if self._custom:
            text = freeform(text)
            out.append(("response.custom_tool_call_input.delta", {**self._at, "delta": text}))
            out.append(("response.custom_tool_call_input.done", {**self._at, "input": text}))
        else:
            done = {**self._at, "name": self.item["name"], "arguments": text}
            out.append(("response.function_call_arguments.done", done))
        self.item[self._field] = text
        self.item["status"] = status
        out.append(("response.output_item.done", {"output_index": self._place, "item": self.item}))


def _copied(item: Item) -> Item:
    """Return an item as it is now: it is filled later, while this event may wait to be encoded."""
    return {name: list(given) if isinstance(given, list) else given for name, given in item.items()}
