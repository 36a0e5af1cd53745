"""A chat request of any dialect, written as OpenAI's own members; a provider's differences come after (adapt.py)."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from hearth.chat import ChatRequest, Format, Knobs, Members, Reasoning, Tool, ToolChoice
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.dialects.openai_chat.turns import write_messages

_PLAIN = ("temperature", "top_p", "seed", "max_tokens", "presence_penalty", "frequency_penalty")
_MORE = {
    "top_k": ("top_k",),
    "min_p": ("min_p",),
    "typical_p": ("typical_p",),
    "repeat_penalty": ("repetition_penalty", "repeat_penalty"),
    "repeat_last_n": ("repeat_last_n",),
}
"""Knobs OpenAI does not have, and their names at servers that do: sent only where the quirk `more_knobs` names them."""


def write_chat(request: ChatRequest, to: Destination, *, stream: bool) -> Members:
    """Return the members of a chat request, `model` left to the adaptation."""
    members: Members = {"messages": raw(write_messages(request.messages, to)), "stream": raw(stream)}
    if request.tools:
        members["tools"] = raw([_tool(tool) for tool in request.tools])
    if request.tool_choice is not None:
        members["tool_choice"] = raw(_choice(request.tool_choice))
    if request.parallel_tool_calls is not None:
        members["parallel_tool_calls"] = raw(request.parallel_tool_calls)
    if request.format is not None:
        members["response_format"] = raw(write_format(request.format))
    if request.logprobs:
        members["logprobs"] = raw(request.logprobs)
        if request.top_logprobs is not None:
            members["top_logprobs"] = raw(request.top_logprobs)
    if request.choices > 1:
        members["n"] = raw(request.choices)
    if request.user:
        members["user"] = raw(request.user)
    if to.quirks.reasoning_in != "none":
        members.update(write_reasoning(request.reasoning))
    members.update(write_knobs(request.knobs, to))
    return members


def write_knobs(knobs: Knobs, to: Destination) -> Members:
    """Return the knobs that were set; those that OpenAI lacks only where the provider is known to take them."""
    members = {name: raw(given) for name in _PLAIN if (given := getattr(knobs, name)) is not None}
    if knobs.stop:
        members["stop"] = raw(knobs.stop)
    for meaning, names in _MORE.items():
        given = getattr(knobs, meaning)
        name = next((name for name in names if name in to.quirks.more_knobs), None)
        if given is not None and name is not None:
            members[name] = raw(given)
    return members


def write_reasoning(reasoning: Reasoning) -> Members:
    """Return how hard to think as `reasoning_effort`, or as `reasoning` where only on was said."""
    if reasoning.on is None and reasoning.effort is None:
        return {}
    if reasoning.on is False:
        return {"reasoning_effort": raw("none")}
    if reasoning.effort is None:
        return {"reasoning": raw({"enabled": True})}
    return {"reasoning_effort": raw(reasoning.effort)}


def write_format(form: Format) -> dict[str, Any]:
    """Return `response_format`."""
    if form.kind == "json" or form.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": form.name, "schema": form.schema}
    if form.strict is not None:
        schema["strict"] = form.strict
    if form.description:
        schema["description"] = form.description
    return {"type": "json_schema", "json_schema": schema}


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = Raw(b'{"type":"object","properties":{}}') if tool.parameters is None else tool.parameters
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice) -> str | dict[str, Any]:
    return {"type": "function", "function": {"name": choice.name}} if choice.kind == "named" else choice.kind
