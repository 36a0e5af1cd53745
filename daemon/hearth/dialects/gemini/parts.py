"""Parts of a content as clients send them, read into ours (ai.google.dev, "Content"; google-genai 3 types)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.chat import Audio, File, Image, Part, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.gemini.fields import plain_base64
from hearth.dialects.gemini.seals import unseal
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

NATIVE_PARTS = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "videoMetadata")
"""Parts that only a Gemini can read."""
_AUDIO = {"mpeg": "mp3", "mp3": "mp3", "wav": "wav", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}


class Blob(Struct, rename="camel", gc=False):
    """`inlineData`: base64 of either alphabet."""

    mime_type: str = ""
    data: str = ""
    display_name: str | None = None


class FileData(Struct, rename="camel", gc=False):
    """`fileData`: the address of an upload, a bucket's object or a page."""

    mime_type: str = ""
    file_uri: str = ""


class FunctionCall(Struct, gc=False):
    """A call the model made; `args` is an object."""

    name: str = ""
    id: str | None = None
    args: Raw | UnsetType = msgspec.UNSET


class ResponsePart(Struct, rename="camel"):
    """A picture or a file in a function's response."""

    inline_data: Blob | None = None


class FunctionResponse(Struct):
    """What a function answered: an object, and pictures beside it."""

    name: str = ""
    id: str | None = None
    response: Raw | UnsetType = msgspec.UNSET
    parts: list[ResponsePart] | None = None


class PartWire(Struct, rename="camel"):
    """One part of a content."""

    text: str | None = None
    thought: bool = False
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None
    executable_code: Raw | UnsetType = msgspec.UNSET
    code_execution_result: Raw | UnsetType = msgspec.UNSET
    tool_call: Raw | UnsetType = msgspec.UNSET
    tool_response: Raw | UnsetType = msgspec.UNSET
    video_metadata: Raw | UnsetType = msgspec.UNSET

    def native(self) -> str:
        """Return what in this part only a Gemini can read, in the caller's words; "" for nothing."""
        for name, given in zip(NATIVE_PARTS, self._of_gemini(), strict=True):
            if given is not msgspec.UNSET:
                return name
        for blob in (self.inline_data, self.file_data):
            if blob is not None and blob.mime_type.startswith("video/"):
                return f"parts of type {blob.mime_type}"
        file = self.file_data
        return "fileData" if file is not None and not _is_picture(file) else ""

    def _of_gemini(self) -> tuple[Raw | UnsetType, ...]:
        return (
            self.executable_code,
            self.code_execution_result,
            self.tool_call,
            self.tool_response,
            self.video_metadata,
        )


class ContentWire(Struct):
    """One turn; a single part may stand without its list, as in Google's own examples."""

    parts: list[PartWire] | PartWire | None = None
    role: str | None = None

    def all_parts(self) -> list[PartWire]:
        """Return the parts as a list."""
        return self.parts if isinstance(self.parts, list) else [self.parts] if self.parts is not None else []


def _is_picture(file: FileData) -> bool:
    """Say whether a file is a picture at an address anybody can read; uploads are a Gemini's own."""
    return (
        file.mime_type.startswith("image/")
        and file.file_uri.startswith(("http://", "https://"))
        and "generativelanguage.googleapis.com" not in file.file_uri
    )


def read_part(wire: PartWire, where: str) -> list[Part]:
    """Return what one part means: itself, and the seal beside it. Raises `Unsupported` for a part of Gemini's own."""
    if native := wire.native():
        raise Unsupported(f"{where}: only a Gemini reads {native}.", param=where)
    opaque, producer = unseal(wire.thought_signature)
    if wire.function_call is not None:
        call = wire.function_call
        return [ToolCall(call.id or "", call.name, _arguments(call.args, where), opaque, producer)]
    if wire.function_response is not None:
        return [_result(wire.function_response, where)]
    if wire.thought:
        return [Thinking(wire.text or "", opaque, producer)] if wire.text or opaque else []
    parts: list[Part] = [Thinking("", opaque, producer)] if opaque else []
    if wire.inline_data is not None:
        parts.append(read_blob(wire.inline_data, where))
    elif wire.file_data is not None:
        parts.append(Image(url=wire.file_data.file_uri, media_type=wire.file_data.mime_type))
    elif wire.text:
        parts.append(Text(wire.text))
    return parts


def read_blob(blob: Blob, where: str) -> Image | Audio | File:
    """Return a picture, sound or document by its MIME type. Raises `BadRequest` for one without."""
    kind, slash, form = blob.mime_type.partition("/")
    if not slash:
        raise BadRequest(f"{where}.inlineData: mimeType {blob.mime_type!r} is no MIME type.", param=where)
    data = plain_base64(blob.data)
    if kind == "image":
        return Image(data=data, media_type=blob.mime_type)
    if kind == "audio":
        return Audio(data, _AUDIO.get(form, form))
    return File(data=data, media_type=blob.mime_type, name=blob.display_name or "")


def _arguments(args: Raw | UnsetType, where: str) -> str:
    if not isinstance(args, Raw) or args == Raw(b"null"):
        return "{}"
    if not bytes(args).lstrip().startswith(b"{"):
        raise BadRequest(f"{where}.functionCall.args must be an object.", param=where)
    return bytes(args).decode()


def _result(wire: FunctionResponse, where: str) -> ToolResult:
    text, is_error = _said(wire.response, where)
    parts: list[Text | Image | File] = [Text(text)] if text else []
    for number, part in enumerate(wire.parts or ()):
        here = f"{where}.functionResponse.parts[{number}]"
        read = read_blob(part.inline_data, here) if part.inline_data is not None else None
        if not isinstance(read, Image | File):
            raise Unsupported(f"{here}: a function's response may hold pictures and documents as data.", param=here)
        parts.append(read)
    return ToolResult(wire.id or "", tuple(parts), wire.name, is_error)


def _said(response: Raw | UnsetType, where: str) -> tuple[str, bool]:
    """Return the text of a response and whether it is an error.

    An object of nothing but a text under `result`, `output` or `error` is that text; any other stays JSON.
    """
    if not isinstance(response, Raw) or response == Raw(b"null"):
        return "", False
    try:
        found: dict[str, Any] = msgspec.json.decode(response, type=dict[str, Any])
    except UNREADABLE as error:
        raise BadRequest(f"{where}.functionResponse.response: {error}.", param=where) from None
    if len(found) == 1:
        name, said = next(iter(found.items()))
        if name in ("result", "output", "error") and isinstance(said, str):
            return said, name == "error"
    return bytes(response).decode(), "error" in found and len(found) == 1
