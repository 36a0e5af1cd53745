"""Messages as clients of this dialect send them, read into turns and parts."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Raw

from hearth.chat import File, Image, Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from hearth.dialects.anthropic.seals import NAME, REDACTED, seal
from hearth.dialects.anthropic.wire import Block, Source, Turn, decode_content, decode_turns
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}


def read_messages(raw: Raw | None) -> tuple[Message, ...]:
    """Return the turns of `messages`. Raises `BadRequest` naming the place, `Unsupported` for an unknown block."""
    names: dict[str, str] = {}
    return tuple(_message(turn, f"messages.{number}", names) for number, turn in enumerate(turns_of(raw)))


def turns_of(raw: Raw | None) -> list[Turn]:
    """Return `messages` as they are on the wire. Raises `BadRequest` in the words of the real server."""
    if raw is None:
        raise BadRequest("messages: Field required", param="messages")
    try:
        turns = decode_turns(raw)
    except UNREADABLE as error:
        raise BadRequest(f"messages: {error}", param="messages") from None
    if not turns:
        raise BadRequest("messages: at least one message is required", param="messages")
    return turns


def read_system(raw: Raw | None) -> tuple[Message, ...]:
    """Return `system` as a turn of its own; none where it is absent or empty."""
    parts = tuple(part for part in read_content(raw, "system", {}) if isinstance(part, Text))
    return (Message("system", parts),) if parts else ()


def _message(turn: Turn, where: str, names: dict[str, str]) -> Message:
    """Read one turn; `names` remembers which call has which function, so that its result can be named."""
    role = ROLES.get(turn.role)
    if role is None:
        raise BadRequest(f"{where}.role: Input should be 'user' or 'assistant'", param=f"{where}.role")
    return Message(role, tuple(_parts(turn.content, where, names)))


def read_content(raw: object, where: str, names: dict[str, str]) -> Iterator[Part]:
    """Yield the parts of a content that is still JSON: a text, or blocks. Raises `BadRequest`."""
    if not isinstance(raw, Raw) or raw == Raw(b"null"):
        return
    try:
        content = decode_content(raw)
    except UNREADABLE as error:
        raise BadRequest(f"{where}: {error}", param=where) from None
    yield from _parts(content, where, names)


def _parts(content: list[Block | str] | str, where: str, names: dict[str, str]) -> Iterator[Part]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for number, block in enumerate(content):
        if isinstance(block, str):
            yield Text(block)
        else:
            yield from _read(block, f"{where}.content.{number}", names)


def _read(block: Block, where: str, names: dict[str, str]) -> Iterator[Part]:
    """Yield what one block means: mostly one part, several for a document made of blocks."""
    match block:
        case Block(type="text", text=str(text)):
            if text:
                yield Text(text)
        case Block(type="thinking"):
            opaque, producer = seal(block.signature or "")
            yield Thinking(block.thinking or "", opaque, producer)
        case Block(type="redacted_thinking", data=str(data)):
            yield Thinking("", REDACTED + data, NAME)
        case Block(type="image", source=Source() as source):
            yield _image(source, where)
        case Block(type="document", source=Source() as source):
            yield from _document(block, source, where, names)
        case Block(type="search_result"):
            yield from _titled(block, block.source if isinstance(block.source, str) else "")
            yield from read_content(block.content, where, names)
        case Block(type="tool_use", id=str(id), name=str(name)):
            names[id] = name
            yield ToolCall(id, name, bytes(block.input).decode() if isinstance(block.input, Raw) else "{}")
        case Block(type="tool_result", tool_use_id=str(id)):
            yield _result(block, id, where, names)
        case _:
            raise _refused(block, where)


def _refused(block: Block, where: str) -> BadRequest:
    if block.type in ("text", "image", "document", "tool_use", "tool_result", "redacted_thinking"):
        return BadRequest(f"{where}: a block of type '{block.type}' lacks a required field", param=where)
    return Unsupported(
        f"{where}: a block of type '{block.type[:60]}' means something to Anthropic's own models only.",
        next_step="Leave it out, or ask a provider that speaks the anthropic dialect.",
        param=where,
    )


def _image(source: Source, where: str) -> Image:
    if source.type == "base64" and source.data:
        return Image(data=source.data, media_type=source.media_type or "")
    if source.type == "url" and source.url:
        return Image(url=source.url)
    raise _elsewhere(source, where)


def _document(block: Block, source: Source, where: str, names: dict[str, str]) -> Iterator[Part]:
    """Yield a document: PDFs as files, plain text and blocks as what they say, under their title."""
    if source.type == "base64" and source.data:
        yield File(data=source.data, media_type=source.media_type or "application/pdf", name=block.title or "")
        return
    if source.type == "text" and source.data is not None:
        yield from _titled(block, block.context or "")
        yield Text(source.data)
        return
    if source.type == "content":
        yield from _titled(block, block.context or "")
        yield from read_content(source.content, where, names)
        return
    raise _elsewhere(source, where)


def _elsewhere(source: Source, where: str) -> Unsupported:
    return Unsupported(
        f"{where}.source: a source of type '{source.type[:60]}' can be read by Anthropic alone.",
        next_step="Send it as base64.",
        param=where,
    )


def _titled(block: Block, more: str) -> Iterator[Text]:
    head = "\n".join(line for line in (block.title or "", more) if line)
    if head:
        yield Text(head)


def _result(block: Block, id: str, where: str, names: dict[str, str]) -> ToolResult:
    """Read a tool's answer; its name is that of the call it answers."""
    parts: list[Text | Image | File] = []
    for part in read_content(block.content, where, names):
        if not isinstance(part, Text | Image | File):
            raise Unsupported(f"{where}: a tool's answer may hold text, images and documents.", param=where)
        parts.append(part)
    return ToolResult(id, tuple(parts), names.get(id, ""), is_error=bool(block.is_error))
