"""Turns of a conversation written as input items: messages, calls, their outputs, and thinking for its maker alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hearth.chat import Audio, File, Image, Message, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.data_urls import picture_url
from hearth.dialects.open_calls import OpenCalls
from hearth.dialects.openai_responses.seals import NAME, item_of
from hearth.problems import Unsupported

Item = dict[str, Any]


def write_input(messages: Sequence[Message]) -> tuple[str, list[Item]]:
    """Return `instructions`, made of the system turns that come first, and the items of all other turns."""
    first = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
    begin = messages[:first]
    if any(not isinstance(part, Text) for message in begin for part in message.parts):
        first, begin = 0, ()
    instructions = "\n\n".join(_text(message.parts) for message in begin)
    return instructions, _Writer().write(messages[first:])


class _Writer:
    """Walks the turns; remembers open calls, so that outputs without an id find theirs."""

    def __init__(self) -> None:
        self._out: list[Item] = []
        self._calls = OpenCalls()

    def write(self, messages: Sequence[Message]) -> list[Item]:
        for message in messages:
            if message.role == "assistant":
                self._assistant(message)
            else:
                self._turn(message)
        return self._out

    def _turn(self, message: Message) -> None:
        """Write a system, user or tool turn; outputs that a dialect keeps inside a user turn come first."""
        self._out += [self._output(part) for part in message.parts if isinstance(part, ToolResult)]
        content = [written for part in message.parts if (written := write_part(part)) is not None]
        if content:
            role = "user" if message.role == "tool" else message.role
            self._out.append({"type": "message", "role": role, "content": content})

    def _assistant(self, message: Message) -> None:
        said: list[Item] = []
        for part in message.parts:
            if isinstance(part, Text):
                said.append({"type": "output_text", "text": part.text, "annotations": []})
            elif isinstance(part, Refusal):
                said.append({"type": "refusal", "refusal": part.text})
            else:
                said = self._spoken(said)
                self._beside(part)
        self._spoken(said)

    def _spoken(self, said: list[Item]) -> list[Item]:
        if said:
            self._out.append({"type": "message", "role": "assistant", "content": said})
        return []

    def _beside(self, part: Part) -> None:
        """Write what is an item of its own: a call, or thinking sealed in this dialect; other thinking is left out."""
        if isinstance(part, ToolCall):
            self._out.append(self._call(part))
        elif isinstance(part, Thinking) and part.producer == NAME:
            item = item_of(part.opaque)
            if item:
                self._out.append({"summary": [], **item})

    def _call(self, call: ToolCall) -> Item:
        arguments = call.arguments or "{}"
        return {"type": "function_call", "call_id": self._calls.begin(call), "name": call.name, "arguments": arguments}

    def _output(self, result: ToolResult) -> Item:
        written = [wire for part in result.parts if (wire := write_part(part)) is not None]
        plain = all(isinstance(part, Text) for part in result.parts)
        output = "\n".join(wire["text"] for wire in written) if plain else written
        return {"type": "function_call_output", "call_id": self._calls.claim(result), "output": output}


def _text(parts: Sequence[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


def write_part(part: object) -> Item | None:
    """Return a content part of input; None for parts that are no content here. Raises `Unsupported` for sound."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "input_text", "text": text}
        case Image():
            url = part.url or picture_url(part.media_type, part.data)
            return {"type": "input_image", "image_url": url, "detail": part.detail or "auto"}
        case File(id=id) if id:
            return {"type": "input_file", "file_id": id}
        case File(data=data, media_type=media_type, name=name):
            url = f"data:{media_type or 'application/pdf'};base64,{data}"
            return {"type": "input_file", "filename": name or "file", "file_data": url}
        case Audio():
            raise Unsupported("The Responses API hears no audio.", param="messages")
    return None
