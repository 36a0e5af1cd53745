"""A chat request of any dialect, written as Cohere's members: tools, shapes of answers, thinking budgets, knobs."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from hearth.chat import ChatRequest, Knobs, Members, Reasoning, Tool
from hearth.dialects.body import raw
from hearth.dialects.cohere.names import spelled
from hearth.dialects.cohere.turns import write_messages
from hearth.dialects.cohere.vectors import EMBED_ONLY
from hearth.dialects.dialect import Destination
from hearth.problems import Unsupported

HIGHEST_P = 0.99
"""Cohere's range is 0.01 to 0.99: a caller's 1.0 (no limit) is its nearest."""
_BUDGETS = {"minimal": 1024, "low": 2048, "medium": 10_000, "high": 16_384, "xhigh": 32_768}
"""Tokens of thinking by effort (wire/providers §2); "max" is no budget at all."""
_NAMES = {
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "seed": "seed",
    "max_tokens": "max_tokens",
    "stop": "stop_sequences",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}


def write_chat(request: ChatRequest, to: Destination, *, stream: bool) -> Members:
    """Return the members of a chat request. Raises `Unsupported` for what Cohere has no form for."""
    members: Members = {
        "model": raw(to.model),
        "messages": raw(write_messages(request.messages)),
        "stream": raw(stream),
    }
    _refuse(request)
    members |= _tools(request)
    if request.format is not None:
        if "tools" in members:
            raise Unsupported(
                "Cohere cannot hold an answer to JSON while tools are on offer.",
                next_step="Ask without tools, or without response_format.",
                param="response_format",
            )
        members["response_format"] = raw(_format(request.format.schema))
    if (thinking := _thinking(request.reasoning, to)) is not None:
        members["thinking"] = raw(thinking)
    return with_config(members | write_knobs(request.knobs), to)


def with_config(members: Members, to: Destination) -> Members:
    """Return chat members with what the config adds: defaults for what is open, provider-only members over all."""
    for name, given in write_knobs(to.defaults).items():
        members.setdefault(name, given)
    return members | {name: given for name, given in to.extra.items() if name not in EMBED_ONLY}


def _refuse(request: ChatRequest) -> None:
    if request.choices > 1:
        raise Unsupported("Cohere gives one answer a request.", param="n")
    if request.logprobs:
        raise Unsupported("Cohere's token probabilities cannot be told in another form than its own.", param="logprobs")


def _tools(request: ChatRequest) -> Members:
    """Return tools and the choice among them: a named one is the only one on offer, and required."""
    choice = request.tool_choice
    if choice is not None and choice.kind == "none":
        return {}  # what must not be called need not be on offer, and then an answer can be held to JSON
    tools = request.tools
    if choice is not None and choice.kind == "named":
        tools = tuple(tool for tool in tools if tool.name == choice.name)
        if not tools:
            raise Unsupported(f"The tool {choice.name!r} must be called and is not on offer.", param="tool_choice")
    if not tools:
        return {}
    members: Members = {"tools": raw([_tool(tool) for tool in tools])}
    if choice is not None and choice.kind in ("required", "named"):
        members["tool_choice"] = raw("REQUIRED")
    if all(tool.strict for tool in tools):
        members["strict_tools"] = raw(True)
    return members


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": spelled(tool.name)}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = Raw(b'{"type":"object","properties":{}}') if tool.parameters is None else tool.parameters
    return {"type": "function", "function": function}


def _format(schema: Raw | None) -> dict[str, Any]:
    return {"type": "json_object"} if schema is None else {"type": "json_object", "json_schema": schema}


def _thinking(reasoning: Reasoning, to: Destination) -> dict[str, Any] | None:
    """Return how long to think; None where the caller said nothing, or takes an answer of a model that cannot."""
    if to.thinks is False and (reasoning.optional or reasoning.on is False):
        return None
    if reasoning.on is False:
        return {"type": "disabled"}
    if reasoning.effort is None:
        return {"type": "enabled"} if reasoning.on else None
    budget = _BUDGETS.get(reasoning.effort)
    return {"type": "enabled"} if budget is None else {"type": "enabled", "token_budget": budget}


def write_knobs(knobs: Knobs) -> Members:
    """Return the knobs that were set and that Cohere has."""
    members: Members = {}
    for meaning, name in _NAMES.items():
        given = getattr(knobs, meaning)
        if given is not None and given != ():
            members[name] = raw(min(given, HIGHEST_P) if meaning == "top_p" else given)
    return members
