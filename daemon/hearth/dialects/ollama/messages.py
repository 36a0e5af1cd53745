"""The messages and tools of a chat request, from Ollama's form to their meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw, Struct

from hearth.chat import Image, Message, Part, Role, Text, Thinking, Tool, ToolCall, ToolResult
from hearth.dialects.body import raw
from hearth.dialects.ollama.fields import Fields, folded
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest

_ABSENT = Raw(b"")
"""A value kept as bytes can be absent or null, but msgspec does not take it in a union."""


class FunctionIn(Struct):
    """The function of a call; its arguments are an object."""

    name: str = ""
    arguments: Raw = _ABSENT


class CallIn(Struct):
    """A call the model made in an earlier turn."""

    function: FunctionIn
    id: str | None = None


class MessageIn(Struct):
    """One message as clients send it; ollama-python leaves out what is empty, `content` too."""

    role: str = ""
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[CallIn] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class _Usual(MessageIn, forbid_unknown_fields=True):
    """One whose keys are all spelled as Ollama's clients spell them, which need not be looked at any closer."""


class ToolFunctionIn(Struct):
    """A function on offer; `parameters` is its JSON Schema."""

    name: str = ""
    description: str | None = None
    parameters: Raw = _ABSENT


class ToolIn(Struct):
    """A tool on offer."""

    function: ToolFunctionIn | None = None


_usual = msgspec.json.Decoder(list[_Usual])
_messages = msgspec.json.Decoder(list[MessageIn])
_tools = msgspec.json.Decoder(list[ToolIn])
_tables = msgspec.json.Decoder(list[dict[str, Raw]])
_table = msgspec.json.Decoder(dict[str, Raw])
_CAPITAL_KEY = re.compile(rb'"\w*[A-Z]\w*"\s*:')
_NULL = Raw(b"null")
_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


def read_messages(fields: Fields) -> tuple[Message, ...]:
    """Return the conversation. Calls without an id are given one; results are paired with them by id, name or order."""
    pairing = _Pairing()
    return tuple(_message(at, message, pairing) for at, message in enumerate(_decoded(fields)))


def _decoded(fields: Fields) -> Sequence[MessageIn]:
    """Return the messages, their keys in whatever case, as Ollama takes them."""
    found = fields.members.get("messages")
    if found is None:
        return ()
    try:
        usual = _usual.decode(found)
        if not any(message.tool_calls for message in usual):
            return usual
    except UNREADABLE:
        pass  # a key that is not known, or one that is wrong: looked at below
    found = _in_lower_case(found, ("tool_calls",))
    try:
        return _messages.decode(found)
    except UNREADABLE:
        raise _complaint(fields, found) from None


def read_tools(fields: Fields) -> tuple[Tool, ...]:
    """Return the tools on offer."""
    given = fields.members.get("tools")
    if given is None:
        return ()
    found = _in_lower_case(given, ("function",))
    try:
        tools = _tools.decode(found)
    except UNREADABLE:
        raise fields.wrong_type("tools", "api.Tools") from None
    return tuple(
        Tool(
            name=tool.function.name,
            description=tool.function.description or "",
            parameters=_given(tool.function.parameters),
        )
        for tool in tools
        if tool.function is not None
    )


def read_image(data: str) -> Image:
    """Return an image. A `data:` prefix is refused as Ollama does (recording `chat-image-data-url`)."""
    if data.startswith("data:"):
        raise BadRequest(
            "illegal base64 data at input byte 4", next_step="Send base64 without a data: prefix.", param="images"
        )
    return Image(data=data)


class _Pairing:
    """Which calls still wait for their result: clients may leave out ids, so that order and name must do."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[str, str]] = []

    def call(self, call: CallIn) -> ToolCall:
        """Note a call and return it with an id."""
        self._count += 1
        id = call.id or f"call_{self._count}"
        self._open.append((id, call.function.name))
        arguments = _given(call.function.arguments)
        return ToolCall(
            id=id, name=call.function.name, arguments="{}" if arguments is None else bytes(arguments).decode()
        )

    def result(self, id: str, name: str) -> tuple[str, str]:
        """Return the id and name of the call that a result answers."""
        for at, (open_id, open_name) in enumerate(self._open):
            if open_id == id if id else not name or open_name == name:
                del self._open[at]
                return open_id, name or open_name
        return id, name


def _message(at: int, message: MessageIn, pairing: _Pairing) -> Message:
    role = _ROLES.get(message.role.lower())
    if role is None:
        raise BadRequest(
            f'messages[{at}]: the role "{message.role[:60]}" is unknown.',
            next_step="Use system, user, assistant or tool.",
            param="messages",
        )
    if role == "tool":
        id, name = pairing.result(message.tool_call_id or "", message.tool_name or "")
        return Message(role, (ToolResult(id, tuple(_seen(message)), name=name),))
    return Message(role, tuple(_parts(message, pairing)))


def _parts(message: MessageIn, pairing: _Pairing) -> Iterator[Part]:
    """Yield thinking, text, images, calls: the order in which they came to be."""
    if message.thinking:
        yield Thinking(message.thinking)
    yield from _seen(message)
    for call in message.tool_calls or ():
        yield pairing.call(call)


def _seen(message: MessageIn) -> Iterator[Text | Image]:
    if message.content:
        yield Text(message.content)
    for data in message.images or ():
        yield read_image(data)


def _given(found: Raw) -> Raw | None:
    """Return a value that is there and not null."""
    return None if found in (_ABSENT, _NULL) else found


def _in_lower_case(found: Raw, nested: tuple[str, ...]) -> Raw:
    """Return a list, the keys of its objects in lower case; only requests with capitals in keys pay for it."""
    if not _CAPITAL_KEY.search(found):
        return found
    try:
        return raw([_lowered(table, nested) for table in _tables.decode(found)])
    except UNREADABLE:
        return found


def _lowered(table: dict[str, Raw], nested: tuple[str, ...]) -> dict[str, Raw]:
    """Lower the keys of one object and of the objects that hold its function; never those of arguments or schemas."""
    lowered = folded(table)
    for name in nested:
        value = lowered.get(name)
        if value is None:
            continue
        if bytes(value).startswith(b"["):
            lowered[name] = raw([_lowered(inner, ("function",)) for inner in _tables.decode(value)])
        else:
            lowered[name] = raw(folded(_table.decode(value)))
    return lowered


def _complaint(fields: Fields, found: Raw) -> BadRequest:
    """Say what is wrong as Ollama's decoder does (recording `error-content-parts`)."""
    try:
        tables = _tables.decode(found)
    except UNREADABLE:
        return fields.wrong_type("messages", "[]api.Message")
    for table in tables:
        for name in ("role", "content", "thinking", "tool_name", "tool_call_id"):
            value = table.get(name, _NULL)
            if value != _NULL and not bytes(value).startswith(b'"'):
                return fields.wrong_type(f"messages.{name}", "string", bytes(value))
    return BadRequest("messages: images must be base64 strings and tool_calls have a function.", param="messages")
