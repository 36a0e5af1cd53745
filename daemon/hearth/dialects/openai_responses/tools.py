"""Tools on offer and the choice among them: functions, freeform tools and namespaces, read into plain functions.

A freeform ("custom") tool becomes a function with the one text `input`; the tools of a namespace become functions whose
names begin with the namespace's. `Own` remembers what the caller calls them, so that a reply has its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from hearth.chat import Members, Tool, ToolChoice
from hearth.dialects.body import value
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import BadRequest, Unsupported

_ASIDE = frozenset({"image_generation", "tool_search"})
_NULL = Raw(b"null")
_FREEFORM = Raw(
    b'{"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false}'
)


class Grammar(Struct):
    """The form a freeform tool's input must have; `type` "text" means any."""

    type: str = "text"
    syntax: str = ""
    definition: str = ""


class ToolWire(Struct):
    """One entry of `tools`; a namespace holds further ones."""

    type: str = "function"
    name: str = ""
    description: str | None = None
    parameters: Raw | UnsetType = UNSET
    strict: bool | None = None
    format: Grammar | None = None
    tools: list[ToolWire] | None = None


class ChoiceWire(Struct):
    """`tool_choice` as an object."""

    type: str = "function"
    name: str = ""
    mode: str = "auto"
    tools: list[ToolWire] | None = None


class Own(Struct, frozen=True):
    """What a caller calls a tool that is a plain function for everybody else."""

    name: str
    namespace: str = ""
    custom: bool = False


def flat_name(name: str, namespace: str | None) -> str:
    """Return the name of a function that may belong to a namespace."""
    if not namespace:
        return name
    return f"{namespace}{name}" if namespace.endswith("_") else f"{namespace}__{name}"


def tool_wires(members: Members) -> list[ToolWire]:
    """Return the tools on offer. Raises `BadRequest`."""
    found: list[ToolWire] = value(members, "tools", list[ToolWire]) or []
    return found


def own_names(wires: Iterable[ToolWire]) -> dict[str, Own]:
    """Return the tools that are more than plain functions, by the name of the function they become."""
    return {
        flat_name(wire.name, space): Own(wire.name, space, custom=wire.type == "custom")
        for wire, space in _each(wires)
        if wire.type == "custom" or (wire.type == "function" and space)
    }


def provider_tools(members: Members, wires: list[ToolWire]) -> list[str]:
    """Return the types of tools that only a provider of this dialect knows, and that the caller cannot do without.

    An agent that brings tools of its own (Codex) offers web search and the like beside them at every request, whoever
    answers: those are left out where the provider has none, and the reply's `tools` show it. Asked for alone, or by
    `tool_choice`, they are what the request is about.
    """
    return _theirs(members, wires)[0]


def spared_tools(members: Members, wires: list[ToolWire]) -> list[str]:
    """Return the types of tools that only a provider of this dialect knows, and that are left out where it is none."""
    return _theirs(members, wires)[1]


def _theirs(members: Members, wires: list[ToolWire]) -> tuple[list[str], list[str]]:
    """Return the types of a provider's own tools: those that a caller cannot do without, and the others."""
    offered = [wire.type for wire, _ in _each(wires) if wire.type not in ("function", "custom")]
    if not offered:
        return [], []
    choice = value(members, "tool_choice", str | ChoiceWire)
    spared = len(offered) < sum(1 for _ in _each(wires)) and (choice is None or choice in ("auto", "none"))
    kinds = dict.fromkeys(offered)
    aside = [kind for kind in kinds if spared and left_aside(kind)]
    return [kind for kind in kinds if kind not in aside], aside


def left_aside(kind: str) -> bool:
    """Say whether a tool of this type is one that an agent can do without."""
    return kind.startswith("web_search") or kind in _ASIDE


def _each(wires: Iterable[ToolWire]) -> Iterator[tuple[ToolWire, str]]:
    """Yield each tool with its namespace."""
    for wire in wires:
        if wire.type == "namespace":
            yield from ((inner, wire.name) for inner in wire.tools or ())
        else:
            yield wire, ""


def read_tools(members: Members) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    """Return the functions on offer and the choice among them. Raises `Unsupported` for a provider's own tool."""
    wires = tool_wires(members)
    strange = provider_tools(members, wires)
    if strange:
        raise Unsupported(f"The tool {strange[0]} is run by its provider; no other has it.", param="tools")
    tools = tuple(_tool(wire, space) for wire, space in _each(wires) if wire.type in ("function", "custom"))
    return _chosen(tools, value(members, "tool_choice", str | ChoiceWire))


def _tool(wire: ToolWire, namespace: str) -> Tool:
    if not wire.name:
        raise BadRequest(f"tools: a tool of type {wire.type!r} lacks its name.", param="tools")
    name, description = flat_name(wire.name, namespace), wire.description or ""
    if wire.type == "custom":
        return Tool(name, f"{description}{_grammar(wire.format)}", _FREEFORM)
    parameters = wire.parameters if isinstance(wire.parameters, Raw) and wire.parameters != _NULL else None
    return Tool(name, description, parameters, wire.strict)


def _grammar(form: Grammar | None) -> str:
    """Tell a model that knows no grammars which one its input must follow."""
    if form is None or form.type != "grammar":
        return ""
    return f"\n\nThe input must match this {form.syntax} grammar:\n{form.definition}"


def _chosen(tools: tuple[Tool, ...], choice: str | ChoiceWire | None) -> tuple[tuple[Tool, ...], ToolChoice | None]:
    match choice:
        case None:
            return tools, None
        case "auto" | "none" | "required":
            return tools, ToolChoice(choice)
        case ChoiceWire(type="function" | "custom", name=name) if name:
            return tools, ToolChoice("named", _offered(name, tools))
        case ChoiceWire(type="allowed_tools"):
            names = {_offered(tool.name, tools) for tool in choice.tools or ()}
            kind = ToolChoice("required" if choice.mode == "required" else "auto")
            return tuple(tool for tool in tools if tool.name in names), kind
        case ChoiceWire(type=kind) if kind not in ("function", "custom"):
            raise Unsupported(f"tool_choice of type {kind!r} is not supported.", param="tool_choice")
    raise BadRequest("tool_choice must be 'auto', 'none', 'required' or name a tool.", param="tool_choice")


def _offered(name: str, tools: tuple[Tool, ...]) -> str:
    """Return the name of the function on offer that a caller means, whose namespace it may have left out."""
    known = [tool.name for tool in tools]
    if name in known:
        return name
    return next((other for other in known if other.endswith(f"_{name}")), name)


class _Freeform(Struct):
    input: str


def freeform(arguments: str) -> str:
    """Return the input of a freeform tool from the arguments of the function it was; what is no JSON is the input."""
    try:
        return msgspec.json.decode(arguments, type=_Freeform).input
    except UNREADABLE:
        return arguments


def as_arguments(text: str) -> str:
    """Return the arguments of the function that a freeform tool becomes."""
    return msgspec.json.encode({"input": text}).decode()
