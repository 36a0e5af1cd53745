"""A conversation for models that read one prompt: a single question as it is, more turns as a transcript."""

from __future__ import annotations

from collections.abc import Sequence

from hearth.chat import Audio, File, Image, Message, Part, Refusal, Text, ToolCall, ToolResult
from hearth.problems import Unsupported

_SPEAKERS = {"user": "User", "assistant": "Assistant", "tool": "Tool"}


def split(messages: Sequence[Message]) -> tuple[str, list[Message], list[Image]]:
    """Return the system prompt, the other turns, and all pictures in them. Raises `Unsupported` for sound and files."""
    system = "\n\n".join(said for message in messages if message.role == "system" if (said := text_of(message)))
    turns = [message for message in messages if message.role != "system"]
    images = [part for message in turns for part in _all_parts(message) if isinstance(part, Image)]
    return system, turns, images


def transcript(turns: Sequence[Message]) -> str:
    """Return the prompt (wire/providers §4.17); it ends where the model is to go on."""
    if len(turns) == 1 and turns[0].role == "user":
        return text_of(turns[0])
    lines = [f"{_SPEAKERS[message.role]}: {text_of(message)}" for message in turns]
    return "\n".join([*lines, "Assistant:"])


def as_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Return the turns for models that take `messages`: roles and texts."""
    return [
        {"role": "user" if message.role == "tool" else message.role, "content": text_of(message)}
        for message in messages
    ]


def text_of(message: Message) -> str:
    """Return what a turn says in text, calls of tools and their results written out."""
    return "\n".join(said for part in message.parts if (said := _text(part)))


def _text(part: Part) -> str:
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case ToolCall(name=name, arguments=arguments):
            return f"(called {name} with {arguments or '{}'})"
        case ToolResult(parts=parts, name=name):
            said = "\n".join(inner.text for inner in parts if isinstance(inner, Text))
            return f"({name} answered) {said}" if name else said
    return ""


def _all_parts(message: Message) -> list[Part]:
    """Return the parts of a turn, those inside tool results included."""
    found: list[Part] = []
    for part in message.parts:
        inner: Sequence[Part] = part.parts if isinstance(part, ToolResult) else (part,)
        found += inner
    if any(isinstance(part, Audio | File) for part in found):
        raise Unsupported("Models of Replicate are given text and images here, no sound and no files.")
    return found
