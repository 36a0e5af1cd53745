"""Tools, the choice among them, the shape of the answer and the effort of thinking, read from a request's members."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.chat import Format, Members, Reasoning, Tool, ToolChoice
from hearth.dialects.body import value
from hearth.problems import BadRequest, Unsupported


class FunctionDef(Struct):
    """A function on offer."""

    name: str
    description: str | None = None
    parameters: Raw | UnsetType = UNSET
    strict: bool | None = None


class ToolWire(Struct):
    """One entry of `tools`."""

    type: str = "function"
    function: FunctionDef | None = None
    custom: Named | None = None


class Named(Struct):
    """Anything of which only the name matters here."""

    name: str = ""


class Allowed(Struct):
    """A choice narrowed to some tools."""

    mode: str = "auto"
    tools: list[ToolRef] = []


class ToolRef(Struct):
    """A tool named in a choice."""

    type: str = "function"
    function: Named | None = None


class ChoiceWire(Struct):
    """`tool_choice` as an object."""

    type: str = "function"
    function: Named | None = None
    allowed_tools: Allowed | None = None


class SchemaWire(Struct):
    """`response_format.json_schema`."""

    name: str = "response"
    schema: Raw | UnsetType = UNSET
    strict: bool | None = None
    description: str | None = None


class FormatWire(Struct):
    """`response_format`; `schema` beside `json_object` is llama.cpp's and Together's form."""

    type: str = "text"
    json_schema: SchemaWire | None = None
    schema: Raw | UnsetType = UNSET


class ReasoningWire(Struct):
    """OpenRouter's and Responses' `reasoning`."""

    effort: str | None = None
    enabled: bool | None = None


_EFFORTS: dict[str, Any] = {
    **{word: word for word in ("minimal", "low", "medium", "high", "xhigh", "max")},
    "ultra": "max",
    "default": None,
}


_OF_TOOLS = frozenset(("tools", "functions", "tool_choice", "function_call"))


def read_tools(members: Members) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Return the tools on offer and the choice among them; the old `functions` and `function_call` count as well."""
    if _OF_TOOLS.isdisjoint(members):
        return (), None
    tools = tuple(map(_tool, value(members, "tools", list[ToolWire]) or ()))
    tools += tuple(map(_function, value(members, "functions", list[FunctionDef]) or ()))
    choice = value(members, "tool_choice", str | ChoiceWire)
    if choice is None:
        old = value(members, "function_call", str | Named)
        choice = ChoiceWire("function", old) if isinstance(old, Named) else old
    return _chosen(tools, choice)


def _tool(wire: ToolWire) -> Tool:
    if wire.type == "function" and wire.function is not None:
        return _function(wire.function)
    if wire.type == "function":
        raise BadRequest("tools: a tool of type 'function' holds no `function`.", param="tools")
    name = f" ({wire.custom.name})" if wire.custom is not None else ""
    raise Unsupported(
        f"Tools of type {wire.type!r}{name} are not supported.",
        next_step="Offer a tool of type 'function'.",
        param="tools",
    )


def _function(wire: FunctionDef) -> Tool:
    parameters = wire.parameters if isinstance(wire.parameters, Raw) and wire.parameters != Raw(b"null") else None
    return Tool(wire.name, wire.description or "", parameters, wire.strict)


def _chosen(tools: tuple[Tool, ...], choice: str | ChoiceWire | None) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Return the tools that remain and the choice among them."""
    match choice:
        case None:
            return tools, None
        case "auto" | "none" | "required":
            return tools, ToolChoice(choice)
        case "any":
            return tools, ToolChoice("required")
        case ChoiceWire(type="function", function=Named(name=name)) if name:
            return tools, ToolChoice("named", name)
        case ChoiceWire(type="allowed_tools", allowed_tools=Allowed(mode=mode, tools=allowed)):
            names = {tool.function.name for tool in allowed if tool.function is not None}
            return tuple(tool for tool in tools if tool.name in names), ToolChoice(
                "required" if mode == "required" else "auto"
            )
        case ChoiceWire(type=type) if type not in ("function", "allowed_tools"):
            raise Unsupported(f"tool_choice of type {type!r} is not supported.", param="tool_choice")
    raise BadRequest("tool_choice must be 'auto', 'none', 'required' or name a function.", param="tool_choice")


def read_format(members: Members) -> Format | None:
    """Return the shape asked for by `response_format`; None for text."""
    wire = value(members, "response_format", FormatWire)
    match wire:
        case None | FormatWire(type="text"):
            return None
        case FormatWire(type="json_object", schema=schema):
            return Format("json_schema", schema) if isinstance(schema, Raw) else Format("json")
        case FormatWire(type="json_schema", json_schema=SchemaWire(schema=Raw()) as schema):
            given = schema.schema if isinstance(schema.schema, Raw) else None
            return Format("json_schema", given, schema.name, schema.strict, schema.description or "")
        case FormatWire(type="json_schema"):
            raise BadRequest("response_format.json_schema.schema is missing.", param="response_format")
    raise Unsupported(f"response_format of type {wire.type!r} is not supported.", param="response_format")


def wants_thinking(members: Members) -> bool:
    """Say whether a request asks for thinking, in whatever word, one that is newer than this page included."""
    wire = value(members, "reasoning", ReasoningWire) or ReasoningWire()
    effort = value(members, "reasoning_effort", str) or wire.effort
    return bool(wire.enabled) if effort is None else effort != "none"


def read_reasoning(members: Members) -> Reasoning:
    """Return how hard to think, from `reasoning_effort` or `reasoning` (wire/ollama §4.1)."""
    wire = value(members, "reasoning", ReasoningWire) or ReasoningWire()
    effort = value(members, "reasoning_effort", str) or wire.effort
    if effort is None:
        return Reasoning(wire.enabled)
    if effort == "none":
        return Reasoning(on=False)
    if effort not in _EFFORTS:
        known = ", ".join(("none", *_EFFORTS))
        raise BadRequest(f"reasoning_effort: {effort!r} is none of {known}.", param="reasoning_effort")
    return Reasoning(on=True, effort=_EFFORTS[effort])
