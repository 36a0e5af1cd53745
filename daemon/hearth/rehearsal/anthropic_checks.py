"""What a rehearsed Anthropic refuses of a Messages request, in its own words (wire/providers §0.2, §0.3, §4.2)."""

from __future__ import annotations

import re
from typing import Any

from hearth.rehearsal.http import Refused
from hearth.rehearsal.script import ModelScript

Object = dict[str, Any]
FIELDS = frozenset(
    {
        "model", "messages", "max_tokens", "system", "stop_sequences", "stream", "temperature", "top_p", "top_k",
        "tools", "tool_choice", "thinking", "output_config", "metadata", "service_tier", "speed", "container",
        "inference_geo", "cache_control", "diagnostics", "mcp_servers", "context_management",
    }
)  # fmt: skip
_ID = re.compile(r"[a-zA-Z0-9_-]+")
SEAL = "sealed-by-the-rehearsal:"
"""How a signature of the rehearsal begins; thinking comes back with such a one only, as at Anthropic with its own."""
_CALLS_AND_RESULTS = 2
_OPEN_OBJECT = "For 'object' type, 'additionalProperties' must be explicitly set to false"


def check(model: ModelScript, members: Object) -> None:
    """Raise Refused for the first thing that is wrong."""
    for name in members:
        if name not in FIELDS:
            raise Refused(400, f"{name}: Extra inputs are not permitted")
    if not isinstance(members.get("max_tokens"), int):
        raise Refused(400, "max_tokens: Field required")
    messages = members.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "messages: at least one message is required")
    _check_model(model, members)
    _check_roles(messages)
    _check_schema(((members.get("output_config") or {}).get("format") or {}).get("schema"), "output_config.format")


def _check_model(model: ModelScript, members: Object) -> None:
    """Newer models choose by themselves how to think and sample: what tells them is refused (§0.3)."""
    thinking = members.get("thinking") or {}
    if model.name.startswith("claude-opus-5"):
        for name in ("temperature", "top_p", "top_k"):
            if name in members:
                raise Refused(400, f"`{name}` is not supported for this model.")
        if thinking.get("type") == "enabled":
            raise Refused(400, "thinking.type.enabled is not supported for this model. Use adaptive.")
    if thinking.get("type") == "enabled":
        _check_budget(members, thinking)
    if thinking.get("type") == "adaptive" and not model.name.startswith(("claude-opus-5", "MiniMax")):
        raise Refused(400, "thinking: Input tag 'adaptive' is not supported for this model")


def _check_budget(members: Object, thinking: Object) -> None:
    budget = thinking.get("budget_tokens") or 0
    if not 1024 <= budget < members["max_tokens"]:
        raise Refused(400, "`max_tokens` must be greater than `thinking.budget_tokens`, which must be at least 1024.")
    if members.get("temperature", 1) != 1:
        raise Refused(400, "`temperature` may only be set to 1 when thinking is enabled.")
    if (members.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refused(400, "Thinking may not be enabled when tool_choice forces tool use.")
    _check_resumed(members["messages"])


def _check_resumed(messages: object) -> None:
    """A turn of calls whose results are sent must begin with its thinking, if the model is to think to a budget."""
    if not isinstance(messages, list) or len(messages) < _CALLS_AND_RESULTS:
        return
    called, answered = ([block.get("type") for block in _blocks(message)] for message in messages[-2:])
    if "tool_result" in answered and called[:1] not in (["thinking"], ["redacted_thinking"]):
        place = f"messages.{len(messages) - _CALLS_AND_RESULTS}.content.0.type"
        raise Refused(400, f"{place}: Expected `thinking` or `redacted_thinking`, but found `{called[0]}`.")


def _check_roles(messages: list[Object]) -> None:
    """Each call must be answered at the start of the next user turn; thinking must carry a seal of ours."""
    open_calls: set[str] = set()
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        if message.get("role") not in ("user", "assistant"):
            raise Refused(400, f"{where}.role: Input should be 'user' or 'assistant'")
        blocks = _blocks(message)
        answered = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
        if open_calls - answered:
            missing = ", ".join(sorted(open_calls - answered))
            raise Refused(400, f"{where}: `tool_use` ids were found without `tool_result` blocks after: {missing}.")
        if answered - open_calls:
            raise Refused(400, f"{where}: unexpected `tool_use_id` found in `tool_result` blocks.")
        open_calls = {str(block.get("id")) for block in blocks if block.get("type") == "tool_use"}
        for place, block in enumerate(blocks):
            _check_block(block, f"{where}.content.{place}")


def _blocks(message: Object) -> list[Object]:
    content = message.get("content")
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _check_block(block: Object, where: str) -> None:
    match block:
        case {"type": "text", "text": ""}:
            raise Refused(400, "messages: text content blocks must be non-empty")
        case {"type": "thinking"} if not str(block.get("signature")).startswith(SEAL):
            raise Refused(400, f"{where}: Invalid `signature` in `thinking` block")
        case {"type": "redacted_thinking"} if not str(block.get("data")).startswith(SEAL):
            raise Refused(400, f"{where}: Invalid `data` in `redacted_thinking` block")
        case {"type": "tool_use"} if not _ID.fullmatch(str(block.get("id"))):
            raise Refused(400, f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
        case {"type": "image", "source": {"type": "base64", "media_type": str(kind)}} if not kind.startswith("image/"):
            raise Refused(400, f"{where}.image.source.base64.media_type: Input should be an image type")


def _check_schema(schema: object, where: str) -> None:
    """Objects must be closed, and bounds are unknown."""
    if isinstance(schema, list):
        for each in schema:
            _check_schema(each, where)
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
        raise Refused(400, f"{where}.schema: {_OPEN_OBJECT}")
    for name in ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "multipleOf"):
        if name in schema and schema.get("type") in ("number", "integer", "string", "array"):
            raise Refused(400, f"{where}.schema: property '{name}' is not supported")
    for value in schema.values():
        _check_schema(value, where)
