"""The shape of an answer as a Gemini writes it: one for chunks and whole replies (wire/providers §4.3)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from hearth.rehearsal.content import ToolCall, count_tokens
from hearth.rehearsal.gemini_checks import SEAL
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Part, Speech

Object = dict[str, Any]


class Form:
    """Writes one answer. Thinking is shown only to those who want it; it is counted in any case."""

    def __init__(self, model: ModelScript, members: Object, tokens: int, *, vertex: bool) -> None:
        config = members.get("generationConfig") or {}
        thinking = config.get("thinkingConfig") or {}
        self.shows = True in (thinking.get("includeThoughts"), thinking.get("include_thoughts"))
        self.grounded = any("googleSearch" in tool for tool in members.get("tools") or ())
        self.vertex = vertex
        self.tokens = tokens
        self.thought = 0
        self.tail = {"modelVersion": model.name, "responseId": secrets.token_urlsafe(16)}

    def usage(self, output: int) -> Object:
        """Counts: a part that is zero is left out, and thinking stands beside the answer."""
        counts = {"promptTokenCount": self.tokens, "candidatesTokenCount": output, "thoughtsTokenCount": self.thought}
        known = {name: count for name, count in counts.items() if count}
        return known | {"totalTokenCount": sum(known.values())}

    def piece(self, part: Part) -> Object | None:
        """One piece as a part of a content; None for thinking that nobody wants to see."""
        kind, words = part
        if kind == "text":
            return {"text": words}
        self.thought += 1
        return {"text": words, "thought": True} if self.shows else None

    def chunk(self, parts: list[Object], output: int, **more: object) -> Object:
        """One chunk, or a whole reply."""
        candidate = {"content": {"parts": parts, "role": "model"}, **more, "index": 0}
        return {"candidates": [candidate], "usageMetadata": self.usage(output), **self.tail}

    def last(self, speech: Speech, parts: list[Object]) -> Object:
        """The chunk that ends the answer: calls with the signature on the first, and the reason."""
        made = speech.answer.calls if speech.calls else ()
        if any(call.cut for call in made):
            return self.chunk([], 0, finishReason="MALFORMED_FUNCTION_CALL", finishMessage="Malformed function call.")
        calls = [self._call(call, first=number == 0) for number, call in enumerate(made)]
        sealed: list[Object] = [{"text": "", "thoughtSignature": SEAL}] if self.thought and not calls else []
        reason = "MAX_TOKENS" if speech.reason == "length" else "STOP"
        more: Object = {"finishReason": reason}
        if self.grounded:
            web = {"uri": "https://sky.example.org/", "title": "The sky"}
            more["groundingMetadata"] = {"groundingChunks": [{"web": web}], "webSearchQueries": ["sky"]}
        said = [*parts, *calls, *sealed] or [{"text": ""}]
        return self.chunk(said, max(speech.count - self.thought, 0), **more)

    def _call(self, call: ToolCall, *, first: bool) -> Object:
        function: Object = {"name": call.name, "args": call.arguments}
        if not self.vertex:
            function["id"] = secrets.token_hex(4)
        return {"functionCall": function} | ({"thoughtSignature": SEAL} if first else {})

    def whole(self, parts: list[Part], speech: Speech) -> bytes:
        """The answer in one body; text of one kind is one part."""
        joined: list[Object] = []
        for part in parts:
            piece = self.piece(part)
            if piece is None:
                continue
            if joined and joined[-1].keys() == piece.keys():
                joined[-1]["text"] += piece["text"]
            else:
                joined.append(piece)
        return msgspec.json.encode(self.last(speech, joined))

    def records(self, speech: Speech) -> Iterator[Object]:
        """The chunks of a stream."""
        for number, part in enumerate(speech.parts(), 1):
            piece = self.piece(part)
            if piece is not None:
                yield self.chunk([piece], number - self.thought)
        yield self.last(speech, [])


def event(value: object) -> bytes:
    """One event as Google frames it."""
    return b"data: " + msgspec.json.encode(value) + b"\r\n\r\n"


def broken(value: object) -> bytes:
    """An error in a stream: bare, over several lines, without the form of an event (google-genai expects it so)."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\r\n"


def prompt_tokens(members: Object) -> int:
    """How many tokens a request has: words, and 258 a picture as Google counts them."""
    turns = [*(members.get("contents") or ()), members.get("systemInstruction") or {}]
    parts = [part for turn in turns for part in turn.get("parts") or () if isinstance(part, dict)]
    text = sum(count_tokens(str(part.get("text") or "")) for part in parts)
    return text + 258 * sum("inlineData" in part for part in parts) + count_tokens(str(members.get("tools") or ""))
