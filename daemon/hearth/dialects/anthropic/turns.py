"""Turns of a conversation written as messages of this dialect: same roles merged, results first, thinking in front."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from hearth.chat import Audio, File, Image, Message, Refusal, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.anthropic.seals import NAME, REDACTED
from hearth.dialects.call_arguments import object_of
from hearth.dialects.data_urls import split_data_url
from hearth.dialects.open_calls import OpenCalls
from hearth.dialects.picture_types import picture_type
from hearth.problems import Unsupported

Object = dict[str, Any]
_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
THOUGHTS = ("thinking", "redacted_thinking")
"""The types of blocks that only their maker can vouch for."""


def write_turns(messages: Sequence[Message], *, signed: bool) -> tuple[list[str], list[Object]]:
    """Return the texts of `system`, and `messages`. Raises `Unsupported` for what the API cannot be told.

    Leading instructions become `system`, later ones text of the user's turn. `signed`: thinking goes back only with
    Anthropic's own seal; else any thinking does, unsigned.
    """
    writer = _Writer(signed=signed)
    for message in messages:
        writer.add(message)
    return writer.finish()


def resumes_unthought(last: Sequence[Sequence[str]]) -> bool:
    """Say whether the last turns, as types of blocks, are calls that began without thinking, and their results.

    The API then refuses to think to a budget: "Expected `thinking` or `redacted_thinking`, but found `tool_use`. When
    `thinking` is enabled, a final `assistant` message must start with a thinking block". It is no rule for `adaptive`.
    """
    *called, answered = last or [[]]
    return "tool_result" in answered and any(turn and turn[0] not in THOUGHTS for turn in called)


class _Writer:
    """Walks the turns; remembers open calls, so that results without an id find theirs."""

    def __init__(self, *, signed: bool) -> None:
        self._signed = signed
        self._system: list[str] = []
        self._out: list[Object] = []
        self._calls = OpenCalls()

    def add(self, message: Message) -> None:
        if message.role == "system" and not self._out:
            self._system += [part.text for part in message.parts if isinstance(part, Text)]
        elif message.role == "assistant":
            self._say("assistant", self._assistant(message))
        else:
            self._say("user", self._user(message))

    def finish(self) -> tuple[list[str], list[Object]]:
        """Return both; a conversation of instructions alone is asked by the user."""
        system = [text for text in self._system if text]
        if not self._out and system:
            return [], [{"role": "user", "content": [{"type": "text", "text": text} for text in system]}]
        if self._out and self._out[-1]["role"] == "assistant":
            _trim(self._out[-1]["content"])
        return system, self._out

    def _say(self, role: str, blocks: list[Object]) -> None:
        """Add blocks to the last turn of this role, or begin one; the results of tools come first in a turn."""
        if not blocks:
            return
        if not self._out or self._out[-1]["role"] != role:
            self._out.append({"role": role, "content": []})
        content: list[Object] = self._out[-1]["content"]
        content += blocks
        if role == "user":
            content.sort(key=lambda block: block["type"] != "tool_result")

    def _user(self, message: Message) -> list[Object]:
        blocks = []
        for part in message.parts:
            if isinstance(part, ToolResult):
                blocks.append(self._result(part))
            elif (written := _part(part)) is not None:
                blocks.append(written)
        return blocks

    def _assistant(self, message: Message) -> list[Object]:
        thoughts = [block for part in message.parts if isinstance(part, Thinking) for block in self._thought(part)]
        blocks = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                blocks.append(self._call(part))
            elif isinstance(part, Text | Refusal) and part.text:
                blocks.append({"type": "text", "text": part.text})
        return [*thoughts, *blocks] if blocks else []

    def _thought(self, part: Thinking) -> list[Object]:
        if part.producer == NAME and part.opaque.startswith(REDACTED):
            return [{"type": "redacted_thinking", "data": part.opaque.removeprefix(REDACTED)}]
        if part.producer == NAME and part.opaque:
            return [{"type": "thinking", "thinking": part.text, "signature": part.opaque}]
        if self._signed or not part.text:
            return []
        return [{"type": "thinking", "thinking": part.text, "signature": ""}]

    def _call(self, call: ToolCall) -> Object:
        id = _known_id(self._calls.begin(call))
        return {"type": "tool_use", "id": id, "name": call.name, "input": object_of(call)}

    def _result(self, result: ToolResult) -> Object:
        blocks = [written for part in result.parts if (written := _part(part)) is not None]
        block: Object = {"type": "tool_result", "tool_use_id": _known_id(self._calls.claim(result)), "content": blocks}
        if result.is_error:
            block["is_error"] = True
        return block


def _known_id(id: str) -> str:
    """Return a call's id in the letters that are allowed there; always the same for the same id."""
    if _ID.fullmatch(id):
        return id
    return f"toolu_{hashlib.blake2b(id.encode(), digest_size=12).hexdigest()}"


def _trim(content: list[Object]) -> None:
    """Take white space off the end of a last answer that is to be continued: the API refuses it there."""
    if content and content[-1]["type"] == "text":
        content[-1]["text"] = content[-1]["text"].rstrip()
        if not content[-1]["text"]:
            content.pop()


def _part(part: object) -> Object | None:
    """Return a content block; None for parts that are no content of a user."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"type": "text", "text": text} if text else None
        case Image():
            return {"type": "image", "source": _image(part)}
        case File():
            return _document(part)
        case Audio():
            raise Unsupported("Anthropic's models do not hear audio.", param="messages")
    return None


def _image(image: Image) -> Object:
    if image.url and not image.url.startswith("data:"):
        return {"type": "url", "url": image.url}
    media_type, data = split_data_url(image.url) if image.url else (image.media_type, image.data)
    return {"type": "base64", "media_type": picture_type(data, media_type), "data": data}


def _document(file: File) -> Object:
    """Return a document: plain text as text, anything else as the PDF it should be."""
    if not file.data:
        raise Unsupported("A file that is kept at another provider (file_id) cannot be read here.", param="messages")
    source: Object
    if file.media_type.startswith("text/"):
        source = {"type": "text", "media_type": "text/plain", "data": _decoded(file)}
    elif file.media_type in ("", "application/pdf"):
        source = {"type": "base64", "media_type": "application/pdf", "data": file.data}
    else:
        raise Unsupported(
            f"Files of type {file.media_type[:60]} cannot be read, only PDFs and texts.", param="messages"
        )
    document: Object = {"type": "document", "source": source}
    if file.name:
        document["title"] = file.name
    return document


def _decoded(file: File) -> str:
    try:
        return base64.b64decode(file.data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise Unsupported(f"The file {file.name[:80]!r} is not text in UTF-8.", param="messages") from None
