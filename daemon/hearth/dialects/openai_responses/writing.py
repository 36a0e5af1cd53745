"""A chat request of any dialect, written as members of this one; the config's own wishes come after."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Raw

from hearth.chat import ChatRequest, Format, Knobs, Members, Reasoning, Tool, ToolChoice
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_responses.turns import write_input
from hearth.problems import Unsupported

_REASONS = re.compile(r"(?:.*/)?(?:o\d|gpt-(?:[5-9]|\d\d)|codex)(?!.*-chat)", re.IGNORECASE)
"""Models of OpenAI that think: they refuse temperature and top_p, and the others refuse to seal their thinking."""


def write_chat(request: ChatRequest, to: Destination, *, stream: bool) -> Members:
    """Return the members of a request. Raises `Unsupported` for what this API has no form for."""
    if request.choices > 1:
        raise Unsupported("The Responses API gives one answer a request.", param="n")
    if request.knobs.stop:
        raise Unsupported(
            "The Responses API has no stop sequences.", next_step="Leave out stop, or name another model.", param="stop"
        )
    instructions, items = write_input(request.messages)
    members: Members = {"input": raw(items), "stream": raw(stream), "store": raw(False)}
    if instructions:
        members["instructions"] = raw(instructions)
    members |= _tools(request)
    if request.format is not None:
        members["text"] = raw({"format": _format(request.format)})
    thinks = bool(_REASONS.match(to.model))
    thoughtless = request.reasoning.optional and to.thinks is False
    if not thoughtless:
        members |= _reasoning(request.reasoning)
    include = ["reasoning.encrypted_content"] if thinks or (request.reasoning.on and not thoughtless) else []
    if request.logprobs:
        include.append("message.output_text.logprobs")
        members["top_logprobs"] = raw(request.top_logprobs or 0)
    if include:
        members["include"] = raw(include)
    if request.user:
        members["safety_identifier"] = raw(request.user)
    return members | _knobs(request.knobs, thinking=thinks and request.reasoning.on is not False)


def fill_defaults(members: Members, to: Destination) -> Members:
    """Return the members with the config's defaults where the request leaves something open."""
    thinks = bool(_REASONS.match(to.model))
    return _knobs(to.defaults, thinking=thinks) | members


def _knobs(knobs: Knobs, *, thinking: bool) -> Members:
    """Return the knobs this API has; a model that thinks takes the limit alone."""
    found: dict[str, float | None] = {"max_output_tokens": knobs.max_tokens}
    if not thinking:
        found |= {"temperature": knobs.temperature, "top_p": knobs.top_p}
    return {name: raw(given) for name, given in found.items() if given is not None}


def _tools(request: ChatRequest) -> Members:
    members: Members = {}
    if request.tools:
        members["tools"] = raw([_tool(tool) for tool in request.tools])
    if request.tool_choice is not None:
        members["tool_choice"] = raw(_choice(request.tool_choice))
    if request.parallel_tool_calls is not None:
        members["parallel_tool_calls"] = raw(request.parallel_tool_calls)
    return members


def _tool(tool: Tool) -> dict[str, Any]:
    """Return a function. This API takes one for strict that does not say so (wire/providers §4.1)."""
    wire: dict[str, Any] = {"type": "function", "name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    wire["parameters"] = Raw(b'{"type":"object","properties":{}}') if tool.parameters is None else tool.parameters
    wire["strict"] = bool(tool.strict)
    return wire


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    return {"type": "function", "name": choice.name} if choice.kind == "named" else choice.kind


def _format(form: Format) -> dict[str, Any]:
    if form.kind == "json" or form.schema is None:
        return {"type": "json_object"}
    wire: dict[str, Any] = {"type": "json_schema", "name": form.name, "schema": form.schema}
    if form.strict is not None:
        wire["strict"] = form.strict
    if form.description:
        wire["description"] = form.description
    return wire


def _reasoning(reasoning: Reasoning) -> Members:
    """Say how hard to think; who asks for thinking wants to see what may be seen of it."""
    if reasoning.on is False:
        return {"reasoning": raw({"effort": "none"})}
    if not reasoning.on:
        return {}
    effort = {} if reasoning.effort is None else {"effort": reasoning.effort}
    return {"reasoning": raw({**effort, "summary": "auto"})}
