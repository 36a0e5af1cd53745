"""What planning needs of a request, read without building its meaning."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

from hearth.call import Outline
from hearth.chat import Members, Need
from hearth.dialects.body import value
from hearth.dialects.gemini.config import Config, native_config, read_config, read_reasoning
from hearth.dialects.gemini.contents import decode_contents
from hearth.dialects.gemini.fields import canonical, to_count
from hearth.dialects.gemini.names import ALT, VERBS
from hearth.dialects.gemini.parts import Blob, PartWire
from hearth.dialects.gemini.tools import forces_a_call, native_tools, tools_of
from hearth.problems import NotFound

_MARKS = tuple(
    f'"{name}"'.encode()
    for name in (
        *("inlineData", "fileData", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"),
        "videoMetadata",
    )
)
"""Quotes inside a JSON string are escaped, so these bytes stand there as a key or a whole value only."""
_HARMLESS = ("OFF", "BLOCK_NONE")


class GeminiOutline(Outline, frozen=True):
    """An outline that also knows the form of the reply.

    `array`: a stream as one JSON array of chunks instead of events. `thoughts`: thinking is to be shown.
    """

    array: bool = False
    thoughts: bool = False


class _SafetySetting(Struct):
    threshold: str = ""


class _Seen(Struct):
    """What a look into all parts has found; `sealed` is the size of what no model reads as text."""

    images: int = 0
    audio: bool = False
    files: bool = False
    sealed: int = 0
    native: list[str] = msgspec.field(default_factory=list)

    def needs(self) -> Iterator[Need]:
        if self.images:
            yield "images"
        if self.audio:
            yield "audio"
        if self.files:
            yield "files"


def read_outline(route: str, members: Members) -> GeminiOutline:
    """Return the outline of a request to one of the methods of a model. Raises `BadRequest`."""
    if route not in VERBS:
        raise NotFound(f"Unknown route {route!r}.")
    known = canonical(members)
    if route in ("embedContent", "batchEmbedContents"):
        return _embed(route, known)
    return _chat(route, to_count(known) if route == "countTokens" else known)


def _chat(route: str, members: Members) -> GeminiOutline:
    config = read_config(members)
    seen = _look(members.get("contents"))
    functions = [bytes(given) for kind, given in tools_of(members) if kind == "functionDeclarations"]
    needs = {*seen.needs(), *_wanted(config)}
    if any(given != b"[]" for given in functions):
        needs.add("tools")
        if forces_a_call(members):
            needs.add("tool_choice")
    size = sum(len(bytes(members.get(name, b""))) for name in ("contents", "systemInstruction")) - seen.sealed
    thinking = config.thinking_config
    return GeminiOutline(
        route,
        "chat",
        value(members, "model", str) or "",
        stream=route == "streamGenerateContent",
        needs=frozenset(needs),
        native=tuple(dict.fromkeys((*seen.native, *_native(members)))),
        prompt_bytes=size + sum(map(len, functions)),
        images=seen.images,
        max_tokens=config.max_output_tokens,
        stops=len(config.stop_sequences or ()),
        include_usage=True,
        counts=route == "countTokens",
        array=value(members, ALT, str) != "sse",
        thoughts=thinking is not None and thinking.include_thoughts,
    )


def _wanted(config: Config) -> Iterator[Need]:
    if config.wants_schema:
        yield "json_schema"
    elif config.wants_json:
        yield "json"
    if config.response_logprobs or config.logprobs:
        yield "logprobs"
    if (config.candidate_count or 1) > 1:
        yield "choices"
    if read_reasoning(config).on:
        yield "thinking"


def _native(members: Members) -> Iterator[str]:
    """Yield what only a Gemini can carry.

    Safety settings that block anything are among them: no other target would, and the caller would never know. Those
    that switch a filter off ask for what any other target does anyway.
    """
    yield from native_tools(members)
    yield from native_config(members)
    if "cachedContent" in members:
        yield "cachedContent"
    settings: list[_SafetySetting] = value(members, "safetySettings", list[_SafetySetting]) or []
    if any(setting.threshold not in _HARMLESS for setting in settings):
        yield "safetySettings"


def _look(contents: Raw | None) -> _Seen:
    """Look into the parts where their bytes leave a doubt. Raises `BadRequest`."""
    seen = _Seen()
    if contents is not None and any(mark in bytes(contents) for mark in _MARKS):
        for turn in decode_contents(contents):
            for part in turn.all_parts():
                _count(part, seen)
    return seen


def _count(part: PartWire, seen: _Seen) -> None:
    native = part.native()
    if native:
        seen.native.append(native)
    inside = part.function_response.parts or () if part.function_response is not None else ()
    for blob in (part.inline_data, *(one.inline_data for one in inside)):
        if blob is not None:
            _count_blob(blob, seen)
    if part.file_data is not None and not native:
        seen.images += 1


def _count_blob(blob: Blob, seen: _Seen) -> None:
    seen.sealed += len(blob.data)
    kind = blob.mime_type.partition("/")[0]
    if kind == "image":
        seen.images += 1
    elif kind == "audio":
        seen.audio = True
    elif kind != "video":
        seen.files = True


def _embed(route: str, members: Members) -> GeminiOutline:
    name = "content" if route == "embedContent" else "requests"
    texts = bytes(members.get(name, b""))
    return GeminiOutline(
        route,
        "embed",
        value(members, "model", str) or "",
        stream=False,
        needs=frozenset(("embeddings",)),
        native=("parts other than text",) if any(mark in texts for mark in _MARKS) else (),
        prompt_bytes=len(texts),
    )
