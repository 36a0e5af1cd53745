"""A whole request in Cohere's form, read into its meaning: chat and embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from hearth.chat import (
    ChatRequest,
    EmbedRequest,
    Format,
    Image,
    Knobs,
    Members,
    Message,
    Part,
    Reasoning,
    Request,
    Role,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from hearth.dialects.body import value
from hearth.dialects.cohere import wire
from hearth.dialects.data_urls import split_data_url
from hearth.problems import BadRequest, NotFound, Unsupported

_NUMBERS = ("temperature", "frequency_penalty", "presence_penalty")
_CHAT = frozenset(
    {
        *("model", "messages", "stream", "tools", "strict_tools", "tool_choice", "response_format", "thinking"),
        *(*_NUMBERS, "max_tokens", "stop_sequences", "seed", "k", "p", "safety_mode", "priority", "hearth"),
    }
)
_EMBED = frozenset({"model", "texts", "output_dimension", "embedding_types", "truncate", "max_tokens", "hearth"})
_EFFORTS: tuple[tuple[int, Any], ...] = ((1024, "minimal"), (2048, "low"), (10_000, "medium"), (16_384, "high"))


def read_request(route: str, members: Members) -> Request:
    """Return the meaning of a request to "chat" or "embed". Raises `BadRequest` or `Unsupported`."""
    if route == "chat":
        return _chat(members)
    if route == "embed":
        return _embed(members)
    raise NotFound(f"Unknown route {route!r}.")


def _chat(members: Members) -> ChatRequest:
    strict = value(members, "strict_tools", bool)
    form = value(members, "response_format", wire.FormatWire)
    return ChatRequest(
        tuple(_messages(members)),
        knobs=_knobs(members),
        tools=tuple(_tool(tool, strict) for tool in value(members, "tools", list[wire.ToolWire]) or ()),
        tool_choice=_choice(value(members, "tool_choice", str)),
        format=_format(form) if form is not None and form.type == "json_object" else None,
        reasoning=_reasoning(value(members, "thinking", wire.Thinking)),
        unknown={name: given for name, given in members.items() if name not in _CHAT},
    )


def _embed(members: Members) -> EmbedRequest:
    texts = value(members, "texts", list[str])
    if not texts:
        raise BadRequest("invalid request: texts must be provided", param="texts")
    return EmbedRequest(
        tuple(texts),
        dimensions=value(members, "output_dimension", int),
        unknown={name: given for name, given in members.items() if name not in _EMBED},
    )


def _messages(members: Members) -> Iterator[Message]:
    names: dict[str, str] = {}
    for number, message in enumerate(value(members, "messages", list[wire.MessageWire]) or ()):
        yield _message(message, f"messages[{number}]", names)


def _message(message: wire.MessageWire, where: str, names: dict[str, str]) -> Message:
    """Read one turn; `names` remembers which call has which function, so that its result can be named."""
    role = next((known for known in get_args(Role) if known == message.role), None)
    if role is None:
        raise BadRequest(f"invalid request: {where}.role: unknown role {message.role!r}", param=f"{where}.role")
    if role == "tool":
        id = message.tool_call_id or ""
        said = "\n".join(_answers(message.content))
        return Message(role, (ToolResult(id, (Text(said),), names.get(id, "")),))
    parts: list[Part] = [Thinking(message.tool_plan)] if message.tool_plan else []
    parts += _content(message.content, where)
    for call in message.tool_calls or ():
        function = call.function or wire.Called()
        names[call.id] = function.name
        parts.append(ToolCall(call.id, function.name, function.arguments or "{}"))
    return Message(role, tuple(parts))


def _content(content: list[wire.PartWire] | str | None, where: str) -> list[Part]:
    if isinstance(content, str):
        return [Text(content)] if content else []
    return [_part(part, where) for part in content or ()]


def _part(part: wire.PartWire, where: str) -> Part:
    match part:
        case wire.PartWire(type="text", text=str(text)):
            return Text(text)
        case wire.PartWire(type="thinking", thinking=str(text)):
            return Thinking(text)
        case wire.PartWire(type="image_url", image_url=(wire.Url() | str()) as image):
            return _image(image)
    raise Unsupported(f"{where}: content of type {part.type!r} is not understood.", param=where)


def _image(image: wire.Url | str) -> Image:
    url, detail = (image, "") if isinstance(image, str) else (image.url, image.detail or "")
    if not url.startswith("data:"):
        return Image(url=url, detail=detail)
    media_type, data = split_data_url(url)
    return Image(data=data, media_type=media_type, detail=detail)


def _answers(content: list[wire.PartWire] | str | None) -> Iterator[str]:
    """Return what a tool answered; a document is the JSON of its data."""
    if isinstance(content, str):
        yield content
        return
    for part in content or ():
        if part.document is None:
            yield part.text or ""
            continue
        data = part.document.get("data", part.document) if isinstance(part.document, dict) else part.document
        yield data if isinstance(data, str) else msgspec.json.encode(data).decode()


def _tool(tool: wire.ToolWire, strict: bool | None) -> Tool:  # noqa: FBT001 -- a member of the request
    if tool.type != "function" or tool.function is None:
        raise Unsupported(f"Tools of type {tool.type!r} are not supported.", param="tools")
    return Tool(tool.function.name, tool.function.description or "", wire.given(tool.function.parameters), strict)


def _choice(word: str | None) -> ToolChoice | None:
    if word is None:
        return None
    if word not in ("REQUIRED", "NONE"):
        raise BadRequest("invalid request: tool_choice must be one of REQUIRED, NONE", param="tool_choice")
    return ToolChoice("required" if word == "REQUIRED" else "none")


def _format(form: wire.FormatWire) -> Format:
    schema = wire.given(form.json_schema)
    return Format("json") if schema is None else Format("json_schema", schema)


def _reasoning(thinking: wire.Thinking | None) -> Reasoning:
    """Return how hard to think: a budget of tokens is the effort it is enough for."""
    if thinking is None:
        return Reasoning()
    if thinking.type == "disabled":
        return Reasoning(on=False)
    budget = thinking.token_budget
    if budget is None:
        return Reasoning(on=True)
    return Reasoning(on=True, effort=next((effort for most, effort in _EFFORTS if budget <= most), "xhigh"))


def _knobs(members: Members) -> Knobs:
    stops = value(members, "stop_sequences", list[str])
    numbers = {name: value(members, name, float) for name in _NUMBERS}
    return Knobs(
        **numbers,
        top_p=value(members, "p", float),
        top_k=value(members, "k", int),
        seed=value(members, "seed", int),
        max_tokens=value(members, "max_tokens", int),
        stop=tuple(stops) if stops else None,
    )
