"""Tools, the choice among them, thinking and the shape of the answer, read from a request's members."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.chat import Format, Members, Reasoning, Tool, ToolChoice
from hearth.dialects.anthropic.wire import CUSTOM, ToolWire, decode_tools
from hearth.dialects.body import value
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported


class ChoiceWire(Struct):
    """`tool_choice`."""

    type: str = "auto"
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class ThinkingWire(Struct):
    """`thinking`; "adaptive" and "between_tools" leave it to the model when and how much."""

    type: str = "adaptive"
    display: str | None = None
    """"summarized": the thoughts are to be shown, whatever the model's own default is."""
    budget_tokens: int | None = None


class FormatWire(Struct):
    """`output_config.format`."""

    type: str = "json_schema"
    schema: Raw | UnsetType = UNSET


class OutputConfig(Struct):
    """`output_config`."""

    effort: str | None = None
    format: FormatWire | None = None


_KINDS: dict[str, Any] = {"auto": "auto", "any": "required", "tool": "named", "none": "none"}
_EFFORTS: dict[str, Any] = {word: word for word in ("minimal", "low", "medium", "high", "xhigh", "max")}
_THINKING = ("adaptive", "between_tools", "enabled", "disabled")


def tools_of(members: Members) -> list[ToolWire]:
    """Return `tools` as they are on the wire. Raises `BadRequest`."""
    found = members.get("tools")
    if found is None or found == Raw(b"null"):
        return []
    try:
        return decode_tools(found)
    except UNREADABLE as error:
        raise BadRequest(f"tools: {error}", param="tools") from None


def read_tools(members: Members) -> tuple[Tool, ...]:
    """Return the tools on offer. Raises `Unsupported` for one that only Anthropic's own servers or models know."""
    return tuple(_tool(wire, f"tools.{number}") for number, wire in enumerate(tools_of(members)))


def _tool(wire: ToolWire, where: str) -> Tool:
    if wire.type not in CUSTOM:
        raise Unsupported(
            f"{where}: the tool {wire.name or wire.type!r} ({wire.type}) is Anthropic's own.",
            next_step="Leave it out, or ask a provider that speaks the anthropic dialect.",
            param=where,
        )
    if not wire.name:
        raise BadRequest(f"{where}.name: Field required", param=where)
    schema = wire.input_schema if isinstance(wire.input_schema, Raw) else None
    return Tool(wire.name, wire.description or "", schema, wire.strict)


def read_choice(members: Members) -> tuple[ToolChoice | None, bool | None]:
    """Return the choice among the tools, and whether several may be called at once (None: nothing was said)."""
    wire = value(members, "tool_choice", ChoiceWire)
    if wire is None:
        return None, None
    if wire.type not in _KINDS:
        raise BadRequest(f"tool_choice.type: {wire.type!r} is none of {', '.join(_KINDS)}", param="tool_choice")
    if wire.type == "tool" and not wire.name:
        raise BadRequest("tool_choice.name: Field required", param="tool_choice")
    parallel = None if wire.disable_parallel_tool_use is None else not wire.disable_parallel_tool_use
    return ToolChoice(_KINDS[wire.type], wire.name or ""), parallel


def read_reasoning(members: Members) -> Reasoning:
    """Return how hard to think.

    All of it is `optional`: the model decides by itself ("adaptive"), or thinks up to a budget ("enabled"), and Ollama
    answers such requests without thoughts where a model has none (recording `ollama-thinking-unsupported`).
    """
    wire = value(members, "thinking", ThinkingWire)
    config = value(members, "output_config", OutputConfig) or OutputConfig()
    if config.effort is not None and config.effort not in _EFFORTS:
        known = ", ".join(_EFFORTS)
        raise BadRequest(f"output_config.effort: {config.effort!r} is none of {known}", param="output_config")
    effort = _EFFORTS.get(config.effort or "")
    if wire is not None and wire.type not in _THINKING:
        raise BadRequest(f"thinking.type: {wire.type!r} is none of {', '.join(_THINKING)}", param="thinking")
    if wire is not None and wire.type == "disabled":
        return Reasoning(on=False)
    on = True if wire is not None and (wire.type == "enabled" or wire.display == "summarized") else None
    return Reasoning(on=on, effort=effort, optional=True)


def read_format(members: Members) -> Format | None:
    """Return the shape the answer must have."""
    config = value(members, "output_config", OutputConfig)
    if config is None or config.format is None:
        return None
    wire = config.format
    if wire.type != "json_schema" or not isinstance(wire.schema, Raw):
        raise BadRequest("output_config.format: only a json_schema with its schema is known", param="output_config")
    return Format("json_schema", wire.schema, strict=True)
