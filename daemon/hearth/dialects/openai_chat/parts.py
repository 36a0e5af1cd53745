"""Messages as clients of this dialect send them, read into turns and parts (OpenAI chat completions, 2026-11)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct

from hearth.chat import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from hearth.dialects.data_urls import split_data_url
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class ImageUrl(Struct, gc=False):
    """`image_url`: an http(s) or data: URL."""

    url: str
    detail: str | None = None


class InputAudio(Struct, gc=False):
    """`input_audio`: standard base64 and "wav" or "mp3"."""

    data: str
    format: str


class FilePart(Struct, gc=False):
    """`file`: a data: URL or bare base64, or the id of an upload."""

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class PartWire(Struct):
    """One part of a message's content."""

    type: str = "text"
    text: str | None = None
    image_url: ImageUrl | str | None = None
    input_audio: InputAudio | None = None
    file: FilePart | None = None
    refusal: str | None = None
    thinking: Any = None


class FunctionWire(Struct):
    """The call of a function; `arguments` should be JSON text, and is an object in what some servers wrote."""

    name: str
    arguments: Any = None


class ToolCallWire(Struct):
    """An earlier call, as the client hands it back."""

    id: str | None = None
    type: str | None = None
    function: FunctionWire | None = None


class MessageWire(Struct):
    """One message; members nobody here knows are left unread."""

    role: str
    content: list[PartWire | str] | str | None = None
    name: str | None = None
    tool_calls: list[ToolCallWire] | None = None
    tool_call_id: str | None = None
    function_call: FunctionWire | None = None
    reasoning_content: Any = None
    reasoning: Any = None
    refusal: str | None = None


_decode = msgspec.json.Decoder(list[MessageWire]).decode


def read_messages(raw: Raw | None) -> tuple[Message, ...]:
    """Return the turns of `messages`. Raises `BadRequest` naming the place, `Unsupported` for an unknown part."""
    if raw is None:
        raise BadRequest("you must provide a messages parameter.", param="messages")
    try:
        wire = _decode(raw)
    except UNREADABLE as error:
        raise BadRequest(f"messages: {error}.", param="messages") from None
    if not wire:
        raise BadRequest("[] is too short - 'messages'.", param="messages")
    names: dict[str, str] = {}
    return tuple(_message(message, f"messages[{number}]", names) for number, message in enumerate(wire))


def _message(wire: MessageWire, where: str, names: dict[str, str]) -> Message:
    """Read one turn; `names` remembers which call has which function, so that its result can be named."""
    role = ROLES.get(wire.role)
    if role is None:
        raise BadRequest(f"{where}.role: {wire.role!r} is none of {', '.join(ROLES)}.", param=f"{where}.role")
    if role == "tool":
        return Message(role, (_result(wire, where, names),))
    parts: list[Part] = []
    if role == "assistant":
        parts += _thinking(wire)
    parts += read_content(wire.content, where)
    if wire.refusal:
        parts.append(Refusal(wire.refusal))
    parts += _calls(wire, where, names)
    return Message(role, tuple(parts), wire.name or "")


def read_content(content: list[PartWire | str] | str | None, where: str) -> list[Part]:
    """Return the parts of a content: text, an array of parts, or null."""
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(part, f"{where}.content[{number}]") for number, part in enumerate(content)]


def _part(wire: PartWire | str, where: str) -> Part:
    if isinstance(wire, str):
        return Text(wire)
    match wire:
        case PartWire(type="text" | "input_text" | "output_text", text=str(text)):
            return Text(text)
        case PartWire(type="image_url", image_url=(ImageUrl() | str()) as image):
            return _image(image)
        case PartWire(type="input_audio", input_audio=InputAudio() as audio):
            return Audio(audio.data, audio.format)
        case PartWire(type="file", file=FilePart() as file) if file.file_data or file.file_id:
            return _file(file)
        case PartWire(type="refusal", refusal=str(words)):
            return Refusal(words)
        case PartWire(type="thinking"):
            return Thinking(thinking_text(wire.thinking))
        case PartWire(type="text" | "image_url" | "input_audio" | "file" | "refusal"):
            raise BadRequest(f"{where}: a part of type {wire.type!r} lacks its {wire.type!r}.", param=where)
    raise Unsupported(f"{where}: content parts of type {wire.type!r} are not understood.", param=where)


def _image(wire: ImageUrl | str) -> Image:
    url, detail = (wire, "") if isinstance(wire, str) else (wire.url, wire.detail or "")
    if not url.startswith("data:"):
        return Image(url=url, detail=detail)
    media_type, data = split_data_url(url)
    return Image(data=data, media_type=media_type, detail=detail)


def _file(wire: FilePart) -> File:
    if not wire.file_data:
        return File(id=wire.file_id or "", name=wire.filename or "")
    if not wire.file_data.startswith("data:"):
        return File(data=wire.file_data, name=wire.filename or "")
    media_type, data = split_data_url(wire.file_data)
    return File(data=data, media_type=media_type, name=wire.filename or "")


def _thinking(wire: MessageWire) -> Iterator[Thinking]:
    """Return earlier thinking, by whichever name it is echoed; the two names hold the same text."""
    for said in (wire.reasoning_content, wire.reasoning):
        if isinstance(said, str) and said:
            yield Thinking(said)
            return


def thinking_text(value: object) -> str:
    """Return the text of a thinking part: a string, or Mistral's array of text parts (wire/providers §4.12)."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(item["text"] for item in value if isinstance(item, dict) and isinstance(item.get("text"), str))
    return ""


def _calls(wire: MessageWire, where: str, names: dict[str, str]) -> Iterator[ToolCall]:
    """Return the calls of an assistant turn, the old single `function_call` included."""
    for number, call in enumerate(wire.tool_calls or ()):
        if call.function is None:
            raise Unsupported(f"{where}.tool_calls[{number}]: only calls of type 'function' are understood.")
        id = call.id or ""
        names[id] = call.function.name
        yield ToolCall(id, call.function.name, arguments_text(call.function.arguments))
    if wire.function_call is not None:
        names[""] = wire.function_call.name
        yield ToolCall("", wire.function_call.name, arguments_text(wire.function_call.arguments))


def arguments_text(arguments: object) -> str:
    """Return arguments as JSON text: text stays as it is, an object is written as JSON, nothing is `{}`."""
    if isinstance(arguments, str):
        return arguments or "{}"
    return "{}" if arguments is None else json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))


def _result(wire: MessageWire, where: str, names: dict[str, str]) -> ToolResult:
    """Read a tool's answer; its name is the caller's or the one of the call it answers."""
    id = wire.tool_call_id or ""
    parts: list[Text | Image | File] = []
    for part in read_content(wire.content, where):
        if not isinstance(part, Text | Image | File):
            raise Unsupported(f"{where}: a tool's answer may hold text, images and files.", param=where)
        parts.append(part)
    return ToolResult(id, tuple(parts), wire.name or names.get(id, ""))
