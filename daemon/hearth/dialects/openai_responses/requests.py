"""A whole request as a client sends it, read into its meaning."""

from __future__ import annotations

from hearth.chat import ChatRequest, Members
from hearth.dialects.body import value
from hearth.dialects.openai_responses.features import (
    native_members,
    read_format,
    read_knobs,
    read_reasoning,
    wants_logprobs,
)
from hearth.dialects.openai_responses.items import read_messages
from hearth.dialects.openai_responses.tools import read_tools
from hearth.problems import BadRequest, Unsupported

_KNOWN = frozenset(
    {
        "model", "input", "instructions", "max_output_tokens", "temperature", "top_p", "tools", "tool_choice",
        "parallel_tool_calls", "text", "reasoning", "stream", "stream_options", "include", "top_logprobs", "user",
        "metadata", "store", "service_tier", "truncation", "background", "previous_response_id", "hearth",
    }
)  # fmt: skip


def read_request(members: Members) -> ChatRequest:
    """Return the meaning of a request. Raises `BadRequest`, or `Unsupported` for what is its provider's alone."""
    for name in native_members(members):
        raise Unsupported(f"{name} is heeded by a server of the Responses API alone.", param=name.split()[0])
    if value(members, "truncation", str) not in (None, "auto", "disabled"):
        raise BadRequest('truncation is "auto" or "disabled".', param="truncation")
    tools, choice = read_tools(members)
    return ChatRequest(
        read_messages(members),
        knobs=read_knobs(members),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=value(members, "parallel_tool_calls", bool),
        format=read_format(members),
        reasoning=read_reasoning(members),
        logprobs=wants_logprobs(members),
        top_logprobs=value(members, "top_logprobs", int),
        user=value(members, "safety_identifier", str) or value(members, "user", str) or "",
        unknown={name: raw for name, raw in members.items() if name not in _KNOWN},
    )
