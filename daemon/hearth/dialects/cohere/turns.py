"""Turns of a conversation written as Cohere's messages: parts, calls with ids, results as documents, hoisted images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hearth.chat import Image, Message, Refusal, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.chat_content import as_content, result_text
from hearth.dialects.cohere.names import spelled
from hearth.dialects.data_urls import picture_url
from hearth.dialects.open_calls import OpenCalls
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Unsupported


def write_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the messages (wire/providers §4.9). Pictures in tool results go into a user message after them.

    Earlier thinking is left out: Cohere wants none back. Raises `Unsupported` for sound and files.
    """
    return _Writer().write(messages)


class _Writer:
    """Walks the turns; remembers open calls, so that results without an id find theirs, and pictures to be hoisted."""

    def __init__(self) -> None:
        self._out: list[dict[str, Any]] = []
        self._calls = OpenCalls()
        self._hoisted: list[dict[str, Any]] = []

    def write(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        for message in messages:
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            for result in results:
                self._result(result)
            if message.role == "assistant":
                self._flush()
                self._assistant(message)
            elif message.role != "tool":
                self._turn(message, after_results=bool(results))
        self._flush()
        return self._out

    def _turn(self, message: Message, *, after_results: bool) -> None:
        parts = [_part(part) for part in message.parts if not isinstance(part, ToolResult | ToolCall | Thinking)]
        if not parts and after_results:
            return
        self._flush()
        self._out.append({"role": message.role, "content": as_content(parts)})

    def _assistant(self, message: Message) -> None:
        said = "".join(part.text for part in message.parts if isinstance(part, Text | Refusal))
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        turn: dict[str, Any] = {"role": "assistant"}
        if calls:
            turn["tool_calls"] = calls
        if said and calls:
            turn["tool_plan"] = said
        elif not calls:
            turn["content"] = said
        self._out.append(turn)

    def _call(self, call: ToolCall) -> dict[str, Any]:
        function = {"name": spelled(call.name), "arguments": call.arguments or "{}"}
        return {"id": self._calls.begin(call), "type": "function", "function": function}

    def _result(self, result: ToolResult) -> None:
        texts = [part.text for part in result.parts if isinstance(part, Text)]
        others = [_part(part) for part in result.parts if not isinstance(part, Text)]
        self._hoisted += others
        content = _documents(result_text(texts, pictures=bool(others)))
        self._out.append({"role": "tool", "tool_call_id": self._calls.claim(result), "content": content})

    def _flush(self) -> None:
        if self._hoisted:
            self._out.append({"role": "user", "content": self._hoisted})
            self._hoisted = []


def _documents(text: str) -> str | list[dict[str, Any]]:
    """Return a tool's answer as documents where it is JSON objects, so that it can be cited; else as the text it is."""
    try:
        found = msgspec.json.decode(text)
    except UNREADABLE:
        return text
    objects = found if isinstance(found, list) else [found]
    if not objects or not all(isinstance(item, dict) and item for item in objects):
        return text
    return [{"type": "document", "document": {"data": item}} for item in objects]


def _part(part: object) -> dict[str, Any]:
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": text}
        case Image():
            url = {"url": part.url or picture_url(part.media_type, part.data)}
            return {"type": "image_url", "image_url": url | ({"detail": part.detail} if part.detail else {})}
    raise Unsupported(f"Cohere takes text and images; this message holds {type(part).__name__.lower()}.")
