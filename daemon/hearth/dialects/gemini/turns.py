"""Turns of a conversation written as contents: parts, calls with their signatures, answers by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw

from hearth.chat import Audio, File, Image, Message, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.call_arguments import object_of
from hearth.dialects.dialect import Destination
from hearth.dialects.gemini.names import is_vertex
from hearth.dialects.gemini.seals import NAME, SKIP
from hearth.dialects.gemini.traits import traits_of
from hearth.dialects.picture_types import picture_type
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode
Content = dict[str, Any]


def write_contents(messages: Sequence[Message], to: Destination) -> tuple[list[Content], Content | None]:
    """Return the turns, and the instructions. Raises `BadRequest` for an answer to a call nobody made.

    Instructions after the first turn are told as words of the user: there is no other place for them.
    """
    leading = 0
    while leading < len(messages) and messages[leading].role == "system":
        leading += 1
    system = [{"text": part.text} for turn in messages[:leading] for part in turn.parts if isinstance(part, Text)]
    writer = _Writer(to)
    if system and (not traits_of(to.model).system or leading == len(messages)):
        writer.add("user", system)
        system = []
    for message in messages[leading:]:
        writer.turn(message)
    return writer.out, {"parts": system} if system else None


class _Writer:
    """Walks the turns; remembers which call has which name, since an answer must bear it."""

    def __init__(self, to: Destination) -> None:
        self.out: list[Content] = []
        self._traits = traits_of(to.model)
        self._ids = not is_vertex(to)
        self._names: dict[str, str] = {}

    def add(self, role: str, parts: list[Content]) -> None:
        """Add parts; turns of one role in a row are one turn."""
        if self.out and self.out[-1]["role"] == role:
            self.out[-1]["parts"] += parts
        elif parts:
            self.out.append({"role": role, "parts": parts})

    def turn(self, message: Message) -> None:
        """Add a message."""
        if message.role == "assistant":
            self.add("model", self._said(message.parts))
            return
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        written = [one for result in results for one in self._result(result)]
        written.sort(key=lambda part: "functionResponse" not in part)
        written += [one for part in message.parts if (one := _part(part)) is not None]
        self.add("user", written or [{"text": ""}])

    def _said(self, parts: Sequence[Part]) -> list[Content]:
        """Return what the model said. Thinking goes back to the one who sealed it, and to nobody else."""
        out: list[Content] = []
        sealed = not self._traits.signatures
        for part in parts:
            match part:
                case ToolCall():
                    out.append(self._call(part, skip=not sealed))
                    sealed = True
                case Thinking(text=text, opaque=opaque, producer=producer) if opaque and producer == NAME:
                    out.append({"text": text, "thoughtSignature": opaque} | ({"thought": True} if text else {}))
                case Thinking():
                    continue
                case _:
                    written = _part(part)
                    if written is not None:
                        out.append(written)
        return out

    def _call(self, call: ToolCall, *, skip: bool) -> Content:
        """Return a call. The first of a turn must bear a signature, or the word for one that no Gemini made."""
        self._names[call.id] = call.name
        function: Content = {"name": call.name, "args": object_of(call)}
        if self._ids and call.id:
            function["id"] = call.id
        own = call.opaque if call.producer == NAME else ""
        signature = own or (SKIP if skip else "")
        return {"functionCall": function} | ({"thoughtSignature": signature} if signature else {})

    def _result(self, result: ToolResult) -> list[Content]:
        """Return an answer, and beside it the pictures that older models cannot take inside."""
        name = result.name or self._names.get(result.call_id, "")
        if not name:
            raise BadRequest(
                "A tool's answer belongs to no call before it.",
                next_step="Send the turn with the call, under the same id, before its answer.",
                param="messages",
            )
        texts = [part.text for part in result.parts if isinstance(part, Text)]
        others = [written for part in result.parts if not isinstance(part, Text) and (written := _part(part))]
        response: Content = {"name": name, "response": _response("\n".join(texts), is_error=result.is_error)}
        if self._ids and result.call_id:
            response["id"] = result.call_id
        if others and self._traits.result_images:
            response["parts"] = others
            others = []
        return [{"functionResponse": response}, *others]


def _response(text: str, *, is_error: bool) -> Raw | dict[str, str]:
    """Return an answer as the object it must be: its own where it is one, else under the names Google advises."""
    if is_error:
        return {"error": text}
    try:
        _decode_object(text)
    except UNREADABLE:
        return {"result": text}
    return Raw(text.encode())


def _part(part: Part) -> Content | None:
    """Return a part of a content; None for what has no place in one. Raises `Unsupported`."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return {"text": text} if text else None
        case Image(url=url) if url:
            raise Unsupported(
                "A Gemini takes pictures as data here, not by address.",
                next_step="Send the picture as a data: URL.",
                param="messages",
            )
        case Image(data=data, media_type=kind):
            return _blob(data, picture_type(data, kind))
        case Audio(data=data, format=form):
            return _blob(data, f"audio/{form or 'wav'}")
        case File(id=id, data=data) if id and not data:
            raise Unsupported("A Gemini knows no uploads of others.", next_step="Send the file.", param="messages")
        case File(data=data, media_type=kind):
            return _blob(data, kind or "application/pdf")
    return None


def _blob(data: str, kind: str) -> Content:
    return {"inlineData": {"mimeType": kind, "data": data}}
