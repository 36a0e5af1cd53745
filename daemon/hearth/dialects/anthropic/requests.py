"""A whole Messages request as a client sends it, read into its meaning."""

from __future__ import annotations

from msgspec import Struct

from hearth.chat import ChatRequest, Knobs, Members
from hearth.dialects.anthropic.blocks import read_messages, read_system
from hearth.dialects.anthropic.features import read_choice, read_format, read_reasoning, read_tools
from hearth.dialects.body import value

_KNOWN = frozenset(
    {
        "model",
        "messages",
        "system",
        "max_tokens",
        "stop_sequences",
        "stream",
        "temperature",
        "top_p",
        "top_k",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "metadata",
        "hearth",
    }
)


class _Metadata(Struct):
    user_id: str | None = None


def read_request(members: Members) -> ChatRequest:
    """Return the meaning. Raises `BadRequest`, or `Unsupported` for what only Anthropic's own models can be asked."""
    choice, parallel = read_choice(members)
    metadata = value(members, "metadata", _Metadata) or _Metadata()
    return ChatRequest(
        (*read_system(members.get("system")), *read_messages(members.get("messages"))),
        knobs=read_knobs(members),
        tools=read_tools(members),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        format=read_format(members),
        reasoning=read_reasoning(members),
        user=metadata.user_id or "",
        unknown={name: given for name, given in members.items() if name not in _KNOWN},
    )


def read_knobs(members: Members) -> Knobs:
    """Return the settings of the sampler. Raises `BadRequest` for a wrong type."""
    stop = value(members, "stop_sequences", list[str])
    return Knobs(
        temperature=value(members, "temperature", float),
        top_p=value(members, "top_p", float),
        top_k=value(members, "top_k", int),
        max_tokens=value(members, "max_tokens", int),
        stop=tuple(stop) if stop else None,
    )
