"""Turns of a conversation written as messages of this dialect: parts, tool calls with ids, results, hoisted images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hearth.chat import Audio, File, Image, Message, Refusal, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.chat_content import as_content, result_text
from hearth.dialects.data_urls import picture_url
from hearth.dialects.dialect import Destination
from hearth.dialects.open_calls import OpenCalls
from hearth.dialects.openai_chat.details import NAME as DETAILS
from hearth.dialects.openai_chat.details import opened, own_only


def write_messages(messages: Sequence[Message], to: Destination) -> list[dict[str, Any]]:
    """Return the messages. Pictures in tool results go into a user message after them: a tool's answer is text here."""
    return _Writer(to).write(messages)


class _Writer:
    """Walks the turns; remembers open calls, so that results without an id find theirs, and pictures to be hoisted."""

    def __init__(self, to: Destination) -> None:
        self._to = to
        self._out: list[dict[str, Any]] = []
        self._calls = OpenCalls()
        self._hoisted: list[dict[str, Any]] = []

    def write(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        for message in messages:
            if message.role != "tool":
                self._flush()
            if message.role == "assistant":
                self._assistant(message)
            elif message.role == "tool":
                self._results(message)
            else:
                self._turn(message)
        self._flush()
        return self._out

    def _turn(self, message: Message) -> None:
        """Write a system or user turn; results that a dialect keeps inside a user turn come first."""
        results = tuple(part for part in message.parts if isinstance(part, ToolResult))
        if results:
            self._results(Message("tool", results))
        parts = [written for part in message.parts if (written := write_part(part)) is not None]
        if not parts and results:
            return
        self._flush()
        self._add({"role": message.role, "content": as_content(parts)}, message.name)

    def _assistant(self, message: Message) -> None:
        said = "".join(part.text for part in message.parts if isinstance(part, Text | Refusal))
        calls = [self._call(part) for part in message.parts if isinstance(part, ToolCall)]
        turn: dict[str, Any] = {"role": "assistant", "content": said if said or not calls else None}
        turn.update(self._echo(message))
        if calls:
            turn["tool_calls"] = calls
        self._add(turn, message.name)

    def _echo(self, message: Message) -> dict[str, Any]:
        """Return earlier thinking under the name this provider wants it back by; nothing where it does not want it."""
        name = self._to.quirks.echo_reasoning
        thoughts = [part for part in message.parts if isinstance(part, Thinking)]
        if name is None or not thoughts:
            return {}
        if name != DETAILS:
            return {name: "".join(part.text for part in thoughts)}
        own = [entry for part in thoughts if part.producer == self._to.provider for entry in opened(part.opaque)]
        return {name: own_only(own, self._to.foreign)} if own else {}

    def _call(self, call: ToolCall) -> dict[str, Any]:
        function = {"name": call.name, "arguments": call.arguments or "{}"}
        return {"id": self._calls.begin(call), "type": "function", "function": function}

    def _results(self, message: Message) -> None:
        for part in message.parts:
            if isinstance(part, ToolResult):
                self._result(part)

    def _result(self, result: ToolResult) -> None:
        texts = [part.text for part in result.parts if isinstance(part, Text)]
        others = [part for part in result.parts if not isinstance(part, Text)]
        self._hoisted += [written for part in others if (written := write_part(part)) is not None]
        content = result_text(texts, pictures=bool(others))
        self._add({"role": "tool", "tool_call_id": self._calls.claim(result), "content": content})

    def _flush(self) -> None:
        if self._hoisted:
            self._out.append({"role": "user", "content": self._hoisted})
            self._hoisted = []

    def _add(self, turn: dict[str, Any], name: str = "") -> None:
        if name:
            turn["name"] = name
        self._out.append(turn)


def write_part(part: object) -> dict[str, Any] | None:
    """Return a content part; None for parts that are no content here."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": text}
        case Image():
            return {"type": "image_url", "image_url": _image(part)}
        case Audio(data=data, format=form):
            return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
        case File(id=id) if id:
            return {"type": "file", "file": {"file_id": id}}
        case File(data=data, media_type=media_type, name=name):
            url = f"data:{media_type or 'application/pdf'};base64,{data}"
            return {"type": "file", "file": {"file_data": url, "filename": name or "file"}}
    return None


def _image(image: Image) -> dict[str, str]:
    wire = {"url": image.url or picture_url(image.media_type, image.data)}
    if image.detail:
        wire["detail"] = image.detail
    return wire
