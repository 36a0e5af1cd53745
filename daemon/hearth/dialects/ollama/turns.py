"""A conversation as Ollama's chat takes it: text, images, thinking and calls of a message in fields of their own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.chat import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Refusal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from hearth.dialects.call_arguments import object_of
from hearth.problems import Unsupported


class FunctionOut(Struct, frozen=True):
    """A called function with its arguments as an object."""

    name: str
    arguments: Raw


class CallOut(Struct, frozen=True, omit_defaults=True):
    """A call of an earlier turn."""

    function: FunctionOut
    id: str = ""


class MessageOut(Struct, frozen=True, omit_defaults=True):
    """One message; `content` is always sent."""

    role: str
    content: str | UnsetType = UNSET
    thinking: str = ""
    images: tuple[str, ...] = ()
    tool_calls: tuple[CallOut, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""


class ToolFunctionOut(Struct, frozen=True, omit_defaults=True):
    """A function on offer."""

    name: str
    parameters: Raw | UnsetType = UNSET
    description: str = ""


class ToolOut(Struct, frozen=True):
    """A tool on offer."""

    function: ToolFunctionOut
    type: str = "function"


_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')


def write_messages(messages: Iterable[Message]) -> list[MessageOut]:
    """Return the messages; results of tools become messages of their own, named after the calls they answer."""
    written: list[MessageOut] = []
    names: dict[str, str] = {}
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                names[part.id] = part.name
            elif isinstance(part, ToolResult):
                written.append(_result(part, names))
        others = tuple(part for part in message.parts if not isinstance(part, ToolResult))
        if others or not message.parts:
            written.append(_message(message.role, others))
    return written


def write_tools(tools: Iterable[Tool]) -> list[ToolOut]:
    """Return the tools; Ollama itself keeps only part of a schema."""
    return [ToolOut(ToolFunctionOut(tool.name, tool.parameters or _NO_PARAMETERS, tool.description)) for tool in tools]


def image_data(image: Image) -> str:
    """Return an image's base64. Raises `Unsupported` for one that would have to be fetched."""
    if image.data:
        return image.data
    if image.url.startswith("data:"):
        return image.url.partition(",")[2]
    raise Unsupported(
        "image URLs are not currently supported, please use base64 encoded data instead", param="messages"
    )


def _message(role: str, parts: tuple[Part, ...]) -> MessageOut:
    """Join the texts of a message by line feeds, and sort its other parts into their fields."""
    texts: list[str] = []
    thoughts: list[str] = []
    media: list[str] = []
    calls: list[CallOut] = []
    for part in parts:
        match part:
            case Text() | Refusal():
                texts.append(part.text)
            case Thinking():
                thoughts.append(part.text)
            case Image():
                media.append(image_data(part))
            case Audio():
                media.append(part.data)
            case ToolCall():
                calls.append(CallOut(FunctionOut(part.name, object_of(part)), part.id))
            case File():
                raise Unsupported("Ollama takes no files, only text and images.", param="messages")
    return MessageOut(role, "\n".join(texts), "\n".join(filter(None, thoughts)), tuple(media), tuple(calls))


def _result(result: ToolResult, names: dict[str, str]) -> MessageOut:
    """Return what a tool answered; images go along, files cannot."""
    body = _message("tool", result.parts)
    return msgspec.structs.replace(
        body, tool_name=result.name or names.get(result.call_id, ""), tool_call_id=result.call_id
    )
