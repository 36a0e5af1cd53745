"""What models can do, as Anthropic's lists say it: `capabilities` of `GET /v1/models` (wire/providers §4.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hearth.dialects.anthropic.traits import traits_of

_SUPPORTS = {"image_input": "vision", "thinking": "thinking", "structured_outputs": "json_schema"}
_STRATEGIES = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")


def capabilities_told(found: object) -> tuple[str, ...] | None:
    """Return what a model can do in Ollama's words; all of them call tools. None where the list does not say."""
    if not isinstance(found, dict):
        return None
    told = [word for name, word in _SUPPORTS.items() if _is_supported(found.get(name))]
    return ("completion", "tools", *told)


def capabilities_shown(model: str, known: Collection[str]) -> dict[str, Any]:
    """Return the object that clients read: every key is there, as they expect (anthropic 2.12).

    A key is true for what the model is known to do through Hearth; what nobody told of (the tools that Anthropic runs
    itself, its batches) is false. `known` are words of `ModelInfo.capabilities`.
    """
    traits, thinks = traits_of(model), "thinking" in known
    is_claude = traits.signed
    effort = traits.effort if is_claude else thinks
    return {
        "batch": _said(False),
        "citations": _said(is_claude),
        "code_execution": _said(False),
        "context_management": _said(False) | dict.fromkeys(_STRATEGIES, _said(False)),
        "effort": _said(effort)
        | dict.fromkeys(("low", "medium", "high", "max"), _said(effort))
        | {"xhigh": _said(traits.xhigh if is_claude else effort)},
        "image_input": _said("vision" in known),
        "pdf_input": _said("files" in known),
        "server_tools": _said(False) | {"code_execution": _said(False), "web_search": _said(False)},
        "structured_outputs": _said("json_schema" in known),
        "thinking": _said(thinks) | {"types": _types(model, thinks=thinks)},
    }


def _types(model: str, *, thinks: bool) -> dict[str, Any]:
    """Return the values of `thinking.type` that a model takes; for one of another make each is translated."""
    traits = traits_of(model)
    by_itself = traits.thinking == "adaptive" or not traits.signed
    to_budget = traits.thinking == "budget" or traits.sampling == "one"  # those of 4.6 take either
    return {
        "adaptive": _said(thinks and by_itself),
        "between_tools": _said(not traits.signed),
        "disabled": _said(traits.can_rest),
        "enabled": _said(thinks and to_budget),
    }


def _said(supported: bool) -> dict[str, Any]:  # noqa: FBT001 -- it is the value of the answer
    return {"supported": supported}


def _is_supported(found: object) -> bool:
    return isinstance(found, dict) and found.get("supported") is True
