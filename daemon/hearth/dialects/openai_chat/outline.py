"""What planning needs of a request, read in microseconds: messages are decoded only where their bytes leave a doubt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from hearth.call import Outline
from hearth.chat import Members, Need
from hearth.dialects.body import value
from hearth.dialects.openai_chat.features import wants_thinking
from hearth.dialects.openai_chat.knobs import dimensions_of, read_max_tokens
from hearth.dialects.openai_chat.native import native_features
from hearth.dialects.openai_choice import forces_a_tool
from hearth.dialects.unreadable import UNREADABLE
from hearth.fim.known import holds_tokens
from hearth.problems import BadRequest, NotFound

Encoding = Literal["float", "base64"]
_MARKS: tuple[bytes, ...] = (b'"image_url"', b'"input_audio"', b'"file"')
"""Quotes inside a JSON string are escaped, so these bytes stand there as a key or a whole value only."""
_NO = frozenset((b"null", b"[]", b"false", b'""', b"{}", b"0", b"1"))
_TEXT_FORMAT = b'"text"'
_NO_SUFFIX = (b"null", b'""')


class OpenAIOutline(Outline, frozen=True):
    """An outline that also knows in which form vectors are wanted."""

    encoding: Encoding = "float"


class _StreamOptions(Struct):
    include_usage: bool | None = None


class _Url(Struct):
    url: str = ""


class _Audio(Struct):
    data: str = ""


class _File(Struct):
    file_data: str | None = None
    file_id: str | None = None


class _Part(Struct):
    type: str = ""
    image_url: _Url | str | None = None
    input_audio: _Audio | None = None
    file: _File | None = None


class _Message(Struct):
    content: list[_Part | str] | str | None = None


class _Seen(Struct):
    """What a look into the parts of all messages has found."""

    images: int = 0
    audio: bool = False
    files: bool = False
    kept: tuple[str, ...] = ()
    sealed: int = 0


_decode_parts = msgspec.json.Decoder(list[_Message]).decode


def read_outline(route: str, members: Members) -> OpenAIOutline:
    """Return the outline of a request to `route`: "chat", "completions" or "embeddings". Raises `BadRequest`."""
    if route == "chat":
        return _chat(members)
    if route == "completions":
        return _completions(members)
    if route == "embeddings":
        return _embeddings(members)
    raise NotFound(f"Unknown route {route!r}.")


def _chat(members: Members) -> OpenAIOutline:
    messages = members.get("messages")
    if messages is None:
        raise BadRequest("you must provide a messages parameter.", param="messages")
    needs: set[Need] = set()
    raw = bytes(messages)
    size = len(raw)
    images = 0
    kept: tuple[str, ...] = ()
    if raw.find(b"[", 1) > 0 and b'"type"' in raw and any(mark in raw for mark in _MARKS):
        seen = _look(raw)
        images, kept = seen.images, seen.kept
        size -= seen.sealed
        needs.update(_media(seen))
    if asks(members, "tools") or asks(members, "functions"):
        needs.add("tools")
        if forces_a_tool(members):
            needs.add("tool_choice")
        size += len(bytes(members.get("tools", b""))) + len(bytes(members.get("functions", b"")))
    if asks(members, "logprobs") or asks(members, "top_logprobs"):
        needs.add("logprobs")
    needs.update(_shared(members))
    found = _outline("chat", members, needs, size, images=images)
    return replace(found, kept=kept) if kept else found


def _completions(members: Members) -> OpenAIOutline:
    prompt = members.get("prompt")
    size = len(bytes(prompt)) if prompt is not None else 0
    needs: set[Need] = set(_shared(members))
    suffix = bytes(members.get("suffix", b"null"))
    written = suffix in _NO_SUFFIX and holds_tokens(members.get("prompt"))
    if suffix == b"null" or written:
        needs.add("raw")
    else:
        needs.add("suffix")
        size += len(suffix)
    if bytes(members.get("logprobs", b"null")) not in (b"null", b"false"):
        needs.add("logprobs")
    return _outline("completions", members, needs, size, autocomplete=written)


def _embeddings(members: Members) -> OpenAIOutline:
    form = value(members, "encoding_format", str) or "float"
    if form not in ("float", "base64"):
        raise BadRequest(
            f"Invalid value for 'encoding_format' = {form}. Supported values: ['float', 'base64'].",
            param="encoding_format",
        )
    given = bytes(members.get("input", b""))
    needs: set[Need] = {"embeddings"}
    if dimensions_of(members) is not None:
        needs.add("dimensions")
    if given.lstrip(b"[ \t\r\n")[:1].isdigit():
        needs.add("token_ids")
    return OpenAIOutline(
        "embeddings",
        "embed",
        value(members, "model", str) or "",
        stream=False,
        needs=frozenset(needs),
        prompt_bytes=len(given),
        native=tuple(native_features(members)),
        encoding=form,  # type: ignore[arg-type]  # one of the two, as was looked at above
    )


def _outline(
    route: str, members: Members, needs: set[Need], size: int, images: int = 0, *, autocomplete: bool = False
) -> OpenAIOutline:
    options = value(members, "stream_options", _StreamOptions) if "stream_options" in members else None
    return OpenAIOutline(
        route,
        "chat" if route == "chat" else "complete",
        value(members, "model", str) or "",
        stream=value(members, "stream", bool) or False,
        needs=frozenset(needs),
        prompt_bytes=size,
        images=images,
        max_tokens=read_max_tokens(members),
        stops=count_stops(members),
        include_usage=options is not None and bool(options.include_usage),
        autocomplete=autocomplete,
        native=tuple(native_features(members)),
    )


def count_stops(members: Members) -> int:
    """Return how many stop sequences a request names."""
    given = members.get("stop")
    if given is None or not bytes(given).lstrip().startswith(b"["):
        return int(asks(members, "stop"))
    return len(msgspec.json.decode(given, type=list[Raw]))


def _shared(members: Members) -> Iterator[Need]:
    """Return the needs that chat and completions share."""
    form = members.get("response_format")
    if form is not None and asks(members, "response_format") and _TEXT_FORMAT not in bytes(form):
        yield "json_schema" if b'"schema"' in bytes(form) else "json"
    if asks(members, "n"):
        yield "choices"
    if ("reasoning_effort" in members or "reasoning" in members) and wants_thinking(members):
        yield "thinking"


def asks(members: Members, name: str) -> bool:
    """Say whether a member is there and asks for something."""
    found = members.get(name)
    return found is not None and bytes(found) not in _NO


def _look(raw: bytes) -> _Seen:
    """Look into the parts. Raises `BadRequest` for messages of another shape."""
    try:
        messages = _decode_parts(raw)
    except UNREADABLE as error:
        raise BadRequest(f"messages: {error}.", param="messages") from None
    seen = _Seen()
    for message in messages:
        if isinstance(message.content, list):
            for part in message.content:
                if isinstance(part, _Part):
                    _count(part, seen)
    return seen


def _count(part: _Part, seen: _Seen) -> None:
    """Add one part to what was seen; `sealed` sums up what no model reads as text."""
    if part.type == "image_url" and part.image_url is not None:
        seen.images += 1
        seen.sealed += len(part.image_url if isinstance(part.image_url, str) else part.image_url.url)
    elif part.type == "input_audio":
        seen.audio = True
        seen.sealed += len(part.input_audio.data) if part.input_audio is not None else 0
    elif part.type == "file":
        seen.files = True
        if part.file is not None:
            seen.sealed += len(part.file.file_data or "")
            seen.kept += (part.file.file_id,) if part.file.file_id else ()


def _media(seen: _Seen) -> Iterator[Need]:
    if seen.images:
        yield "images"
    if seen.audio:
        yield "audio"
    if seen.files:
        yield "files"
