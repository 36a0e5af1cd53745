"""What must survive every translation, and nothing else: two values are the same to a person when their gists are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from msgspec import Struct

from hearth.chat import Audio, ChatRequest, File, Image, Message, Request, Text, ToolCall, ToolResult
from hearth.events import Event, Finished, TextDelta, ThinkingDelta, ToolCallDelta, Usage

Said = tuple[str, ...]
"""Who, and what: ("user", "Hello"), ("call", "get_weather", '{"city": "Paris"}'), ("result", "21 degrees")."""


class Asked(Struct, frozen=True):
    """The gist of a request."""

    said: tuple[Said, ...]
    tools: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    schema: object = None


class Told(Struct, frozen=True):
    """The gist of a reply. Tokens are None where nobody counted them."""

    text: str
    thinking: str = ""
    calls: tuple[Said, ...] = ()
    finish: str = ""
    input: int | None = None
    output: int | None = None


def asked(request: Request) -> Asked:
    """Return the gist of a conversation; texts of one turn are joined, and the system's words come first."""
    if not isinstance(request, ChatRequest):
        return Asked(())
    said = [one for message in request.messages for one in _said(message)]
    told = [one for one in said if one[0] == "system"]
    rest = [one for one in said if one[0] != "system"]
    schema = request.format.schema if request.format is not None else None
    return Asked(
        tuple(_joined([*told, *rest])),
        _tools(request),
        request.knobs.stop or (),
        json.loads(bytes(schema)) if schema is not None else None,
    )


def _tools(request: ChatRequest) -> tuple[str, ...]:
    """Return the tools that may be called: where one is named, a dialect may send that one alone."""
    choice = request.tool_choice
    named = (choice.name,) if choice is not None and choice.kind == "named" else ()
    return named or tuple(tool.name for tool in request.tools)


def _said(message: Message) -> Iterator[Said]:
    for part in message.parts:
        if isinstance(part, Text):
            yield message.role, part.text
        elif isinstance(part, Image | Audio | File):
            yield "media", part.data
        elif isinstance(part, ToolCall):
            yield "call", part.name, normal(part.arguments)
        elif isinstance(part, ToolResult):
            yield "result", "".join(one.text for one in part.parts if isinstance(one, Text))


def _joined(said: Sequence[Said]) -> Iterator[Said]:
    who, words = "", ""
    for one in said:
        if one[0] == who and len(one) == 2 and one[0] in ("system", "user", "assistant"):
            words += one[1]
            continue
        if who:
            yield who, words
        who, words = "", ""
        if one[0] in ("system", "user", "assistant"):
            who, words = one[0], one[1]
        else:
            yield one
    if who:
        yield who, words


def told(events: Sequence[Event]) -> Told:
    """Return the gist of a reply's first choice."""
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for event in events:
        if isinstance(event, ToolCallDelta):
            names[event.index] = names.get(event.index) or event.name
            arguments[event.index] = arguments.get(event.index, "") + event.arguments
    usage = [event for event in events if isinstance(event, Usage)]
    return Told(
        "".join(event.text for event in events if isinstance(event, TextDelta)),
        "".join(event.text for event in events if isinstance(event, ThinkingDelta)),
        tuple(("call", names[index], normal(arguments[index])) for index in sorted(names)),
        next((event.reason for event in events if isinstance(event, Finished)), ""),
        next((one.input for one in reversed(usage) if one.input is not None), None),
        next((one.output for one in reversed(usage) if one.output is not None), None),
    )


def normal(text: str) -> str:
    """Return JSON in one spelling, and anything else as it is."""
    try:
        return json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False)
    except ValueError:
        return text
