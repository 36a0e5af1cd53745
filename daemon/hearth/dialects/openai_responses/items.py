"""Input items as clients of this dialect send them, read into turns and parts (OpenAI Responses, 2026-11)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Audio, File, Image, Members, Message, Part, Refusal, Role, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.body import value
from hearth.dialects.data_urls import split_data_url
from hearth.dialects.openai_responses.seals import open_seal
from hearth.dialects.openai_responses.tools import as_arguments, flat_name
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
CALLS = ("function_call", "custom_tool_call")
OUTPUTS = ("function_call_output", "custom_tool_call_output")
KNOWN = frozenset(("message", "reasoning", *CALLS, *OUTPUTS))
"""The types of items that have a meaning in other dialects; "" with a role is a message."""


class AudioWire(Struct, gc=False):
    """`input_audio`: standard base64 and "wav" or "mp3"."""

    data: str
    format: str


class PartWire(Struct):
    """One part of a message's content, of a tool's output, of a summary."""

    type: str = "input_text"
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_data: str | None = None
    file_id: str | None = None
    file_url: str | None = None
    filename: str | None = None
    input_audio: AudioWire | None = None


class ItemWire(Struct):
    """One item; members nobody here knows are left unread."""

    type: str | None = None
    role: str | None = None
    content: list[PartWire] | str | None = None
    id: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    arguments: str | None = None
    input: str | None = None
    output: list[PartWire] | str | None = None
    summary: list[PartWire] | None = None
    encrypted_content: str | None = None


def read_messages(members: Members) -> tuple[Message, ...]:
    """Return the turns of `instructions` and `input`. Raises `BadRequest` naming the place, or `Unsupported`."""
    turns: list[Message] = []
    instructions: str | None = value(members, "instructions", str)
    if instructions:
        turns.append(Message("system", (Text(instructions),)))
    given: str | list[Raw] | None = value(members, "input", str | list[Raw])
    if given is None:
        raise BadRequest("input is required.", param="input")
    if isinstance(given, str):
        return (*turns, Message("user", (Text(given),)))
    if not given:
        raise BadRequest("input must hold at least one item.", param="input")
    return (*turns, *_Turns().read(given))


class _Turns:
    """Walks the items; what an assistant thinks, says and calls in a row is one turn of it."""

    def __init__(self) -> None:
        self._turns: list[Message] = []
        self._open: list[Part] = []
        self._names: dict[str, str] = {}

    def read(self, items: Sequence[Raw]) -> list[Message]:
        for number, raw in enumerate(items):
            self._item(raw, _decoded(raw, number), f"input[{number}]")
        self._close()
        return self._turns

    def _item(self, raw: Raw, wire: ItemWire, where: str) -> None:
        kind = wire.type or ("message" if wire.role else "")
        if kind == "message":
            self._message(wire, where)
        elif kind == "reasoning":
            self._begin_after_words()
            self._open.append(_thinking(raw, wire))
        elif kind in CALLS:
            self._open.append(self._call(wire, where))
        elif kind in OUTPUTS:
            self._close()
            self._turns.append(Message("tool", (self._result(wire, where),)))
        elif kind == "":
            raise BadRequest(f"{where}: an item needs a type, or a role.", param=where)
        else:
            raise Unsupported(f"{where}: items of type {kind!r} are their provider's own.", param=where)

    def _message(self, wire: ItemWire, where: str) -> None:
        role = ROLES.get(wire.role or "")
        if role is None:
            raise BadRequest(f"{where}.role: {wire.role!r} is none of {', '.join(ROLES)}.", param=f"{where}.role")
        parts = _parts(wire.content, f"{where}.content")
        if role == "assistant":
            self._begin_after_words()
            self._open += parts
            return
        self._close()
        self._turns.append(Message(role, tuple(parts)))

    def _call(self, wire: ItemWire, where: str) -> ToolCall:
        if not wire.call_id or not wire.name:
            raise BadRequest(f"{where}: a call needs call_id and name.", param=where)
        name = flat_name(wire.name, wire.namespace)
        self._names[wire.call_id] = name
        custom = wire.type == "custom_tool_call"
        arguments = as_arguments(wire.input or "") if custom else wire.arguments or "{}"
        return ToolCall(wire.call_id, name, arguments)

    def _result(self, wire: ItemWire, where: str) -> ToolResult:
        if not wire.call_id:
            raise BadRequest(f"{where}: the output of a call needs its call_id.", param=where)
        parts: list[Text | Image | File] = []
        for part in _parts(wire.output, f"{where}.output"):
            if not isinstance(part, Text | Image | File):
                raise Unsupported(f"{where}: a tool's output may hold text, images and files.", param=where)
            parts.append(part)
        return ToolResult(wire.call_id, tuple(parts), self._names.get(wire.call_id, ""))

    def _begin_after_words(self) -> None:
        """Begin another turn where the open one has said something, unless it waits for the outputs of its calls."""
        kinds = {type(part) for part in self._open}
        if kinds & {Text, Refusal} and ToolCall not in kinds:
            self._close()

    def _close(self) -> None:
        if self._open:
            self._turns.append(Message("assistant", tuple(self._open)))
            self._open = []


def _decoded(raw: Raw, number: int) -> ItemWire:
    try:
        return msgspec.json.decode(raw, type=ItemWire)
    except UNREADABLE as error:
        raise BadRequest(f"input[{number}]: {error}.", param=f"input[{number}]") from None


def _thinking(raw: Raw, wire: ItemWire) -> Thinking:
    """Read a reasoning item: its text, and what its maker sealed into it."""
    text = "\n\n".join(part.text for part in wire.summary or () if part.text)
    if not text and isinstance(wire.content, list):
        text = "".join(part.text for part in wire.content if part.text)
    opaque, producer = open_seal(raw, wire.encrypted_content or "", text)
    return Thinking(text, opaque, producer)


def _parts(content: list[PartWire] | str | None, where: str) -> list[Part]:
    if content is None:
        return []
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(part, f"{where}[{number}]") for number, part in enumerate(content)]


def _part(wire: PartWire, where: str) -> Part:
    match wire:
        case PartWire(type="input_text" | "output_text" | "text" | "summary_text", text=str(text)):
            return Text(text)
        case PartWire(type="refusal", refusal=str(words)):
            return Refusal(words)
        case PartWire(type="input_image", image_url=str(url)):
            return _image(url, wire.detail or "")
        case PartWire(type="input_image", file_id=str()):
            raise Unsupported(f"{where}: an image by file_id is at its provider alone.", param=where)
        case PartWire(type="input_file") if wire.file_data or wire.file_id:
            return _file(wire)
        case PartWire(type="input_file", file_url=str()):
            raise Unsupported(f"{where}: a file by address is fetched by its provider alone.", param=where)
        case PartWire(type="input_audio", input_audio=AudioWire() as audio):
            return Audio(audio.data, audio.format)
        case PartWire(type="input_text" | "output_text" | "refusal" | "input_image" | "input_file" | "input_audio"):
            raise BadRequest(f"{where}: a part of type {wire.type!r} lacks its content.", param=where)
    raise Unsupported(f"{where}: content parts of type {wire.type!r} are not understood.", param=where)


def _image(url: str, detail: str) -> Image:
    detail = "" if detail == "auto" else detail
    if not url.startswith("data:"):
        return Image(url=url, detail=detail)
    media_type, data = split_data_url(url)
    return Image(data=data, media_type=media_type, detail=detail)


def _file(wire: PartWire) -> File:
    name = wire.filename or ""
    if not wire.file_data:
        return File(id=wire.file_id or "", name=name)
    if not wire.file_data.startswith("data:"):
        return File(data=wire.file_data, name=name)
    media_type, data = split_data_url(wire.file_data)
    return File(data=data, media_type=media_type, name=name)
