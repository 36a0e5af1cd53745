"""Functions on offer and the choice among them, between the wire and their meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct, UnsetType

from hearth.chat import ChatRequest, Members, Tool, ToolChoice
from hearth.dialects.body import value
from hearth.dialects.gemini.schemas import json_schema
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

_NULL = Raw(b"null")


class Declaration(Struct, rename="camel"):
    """A function on offer: its parameters in OpenAPI's subset, or in JSON Schema."""

    name: str
    description: str = ""
    parameters: Raw | UnsetType = msgspec.UNSET
    parameters_json_schema: Raw | UnsetType = msgspec.UNSET


class Calling(Struct, rename="camel"):
    """`functionCallingConfig`."""

    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(Struct, rename="camel"):
    """`toolConfig`."""

    function_calling_config: Calling | None = None


def tools_of(members: Members) -> Iterator[tuple[str, Raw]]:
    """Yield (kind, value) of everything on offer: "functionDeclarations", or a tool Google runs itself."""
    found = value(members, "tools", list[Members] | Members)
    for tool in found if isinstance(found, list) else [found] if found else []:
        for kind, given in tool.items():
            if given != _NULL:
                yield kind, given


def native_tools(members: Members) -> tuple[str, ...]:
    """Return the names of the tools that Google runs itself: googleSearch, codeExecution, urlContext and others."""
    return tuple(f"the tool {kind}" for kind, _ in tools_of(members) if kind != "functionDeclarations")


def read_tools(members: Members) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Return the functions on offer and the choice among them. Raises `Unsupported` for a tool Google runs itself."""
    tools: list[Tool] = []
    for kind, given in tools_of(members):
        if kind != "functionDeclarations":
            raise Unsupported(f"Only a Gemini has the tool {kind}.", param="tools")
        tools += map(_tool, value({kind: given}, kind, list[Declaration]) or ())
    return _chosen(tuple(tools), _calling_config(members))


def forces_a_call(members: Members) -> bool:
    """Say whether a function must be called."""
    calling = _calling_config(members)
    return calling is not None and (calling.mode or "").upper() == "ANY"


def _calling_config(members: Members) -> Calling | None:
    config: ToolConfig | None = value(members, "toolConfig", ToolConfig)
    return config.function_calling_config if config is not None else None


def _tool(wire: Declaration) -> Tool:
    if isinstance(wire.parameters_json_schema, Raw) and wire.parameters_json_schema != _NULL:
        parameters: Raw | None = wire.parameters_json_schema
    elif isinstance(wire.parameters, Raw) and wire.parameters != _NULL:
        parameters = json_schema(wire.parameters)
    else:
        parameters = None
    return Tool(wire.name, wire.description, parameters)


def _chosen(tools: tuple[Tool, ...], calling: Calling | None) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Return the functions that remain and the choice among them; of several allowed ones the others are left out."""
    if calling is None or not calling.mode or calling.mode == "MODE_UNSPECIFIED":
        return tools, None
    allowed = calling.allowed_function_names or []
    if allowed:
        tools = tuple(tool for tool in tools if tool.name in allowed)
    match calling.mode.upper():
        case "NONE":
            return tools, ToolChoice("none")
        case "AUTO" | "VALIDATED":
            return tools, ToolChoice("auto")
        case "ANY":
            return tools, ToolChoice("named", allowed[0]) if len(allowed) == 1 else ToolChoice("required")
    raise BadRequest(f"functionCallingConfig.mode: {calling.mode!r} is none of AUTO, ANY, NONE.", param="toolConfig")


def write_tools(request: ChatRequest) -> dict[str, Any]:
    """Return `tools` and `toolConfig`; nothing without functions."""
    if not request.tools:
        return {}
    wire: dict[str, Any] = {"tools": [{"functionDeclarations": [_declaration(tool) for tool in request.tools]}]}
    calling = _calling(request)
    if calling is not None:
        wire["toolConfig"] = {"functionCallingConfig": calling}
    return wire


def _declaration(tool: Tool) -> dict[str, Any]:
    """Return one function; a schema without any property is left out, since older models refuse it (§4.3)."""
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    if tool.parameters is not None and not _is_empty(tool.parameters):
        wire["parametersJsonSchema"] = tool.parameters
    return wire


def _is_empty(parameters: Raw) -> bool:
    try:
        found = msgspec.json.decode(parameters)
    except UNREADABLE:
        return False  # whoever is asked says what is wrong with it
    return not isinstance(found, dict) or (found.get("type", "object") == "object" and not found.get("properties"))


def _calling(request: ChatRequest) -> dict[str, Any] | None:
    choice = request.tool_choice
    if choice is None or choice.kind == "auto":
        strict = any(tool.strict for tool in request.tools)
        return {"mode": "VALIDATED"} if strict else {"mode": "AUTO"} if choice is not None else None
    if choice.kind == "none":
        return {"mode": "NONE"}
    return {"mode": "ANY"} if choice.kind == "required" else {"mode": "ANY", "allowedFunctionNames": [choice.name]}
