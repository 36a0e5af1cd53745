"""What each provider refuses where OpenAI or others look away: fields and values (wire/providers §4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hearth.rehearsal.openai_wire import Problem
from hearth.rehearsal.script import ModelScript, Script

Object = dict[str, Any]
REFUSED: dict[str, tuple[str, ...]] = {
    "groq": ("logprobs", "top_logprobs", "logit_bias"),
    "together": ("parallel_tool_calls", "stream_options"),
    "deepseek": ("seed", "logit_bias", "n"),
    "cerebras": ("presence_penalty", "frequency_penalty", "logit_bias", "service_tier", "parallel_tool_calls"),
    "perplexity": ("tools", "tool_choice", "logit_bias", "stream_options", "seed", "n"),
    "minimax": ("tool_choice", "logit_bias", "seed", "response_format"),
    "xai": ("parallel_tool_calls",),
    "tgi": ("n",),
}
ANY_ORDER = ("llama-server", "vllm", "sglang", "tgi", "lm-studio", "localai", "litellm")
"""Engines that take turns in whatever order a model's template takes them."""
MISTRAL_FIELDS = frozenset(
    {
        "model", "messages", "temperature", "top_p", "max_tokens", "stream", "stop", "random_seed", "response_format",
        "tools", "tool_choice", "presence_penalty", "frequency_penalty", "n", "prediction", "parallel_tool_calls",
        "prompt_mode", "reasoning_effort", "safe_prompt", "guardrails", "metadata", "prompt_cache_key",
    }
)  # fmt: skip
THINKING_REFUSES = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias")


def check(script: Script, model: ModelScript, members: Object) -> None:
    """Raise Problem for what this provider does not take."""
    for name in REFUSED.get(script.flavour, ()):
        if members.get(name) is not None and not (name == "n" and members[name] == 1):
            raise Problem(400, f"property '{name}' is unsupported", param=name)
    if "thinking" in model.capabilities:
        _check_thinking(script, members)
    if script.flavour not in ANY_ORDER:
        _check_results(members)
    extra = CHECKS.get(script.flavour)
    if extra is not None:
        extra(members)


def _check_results(members: Object) -> None:
    """Hosted APIs want each result of a tool after its call."""
    called: set[str] = set()
    for message in members.get("messages") or []:
        called |= {str(call.get("id")) for call in message.get("tool_calls") or []}
        if message.get("role") == "tool" and message.get("tool_call_id") not in called:
            raise Problem(
                400,
                "Invalid parameter: messages with role 'tool' must be a response to a preceding message with "
                "'tool_calls'.",
                param="messages",
            )


def _check_thinking(script: Script, members: Object) -> None:
    """Models that think have fixed sampling at OpenAI, and at Moonshot unless it is what they have anyway."""
    if script.flavour in ("openai", "azure"):
        if members.get("max_tokens") is not None:
            text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
            raise Problem(400, text, param="max_tokens", code="unsupported_parameter")
        _refuse_sampling(members, "Unsupported value: '{}' does not support {} with this model.")
    if script.flavour == "moonshot":
        _refuse_sampling(members, "invalid {}: {} is not allowed for this model")
    if script.flavour == "deepseek":
        _check_thought(members, "The `reasoning_content` in the thinking mode must be passed back to the API.")
    if script.flavour == "xai" and members.get("stop") is not None:
        raise Problem(400, "Argument not supported on this model: stop", param="stop")


def _refuse_sampling(members: Object, text: str) -> None:
    for name in THINKING_REFUSES:
        if members.get(name) is not None:
            raise Problem(400, text.format(name, members[name]), param=name, code="unsupported_value")


def _groq(members: Object) -> None:
    if any("name" in message for message in members.get("messages") or []):
        raise Problem(400, "'messages.0' : property 'name' is unsupported")


def _together(members: Object) -> None:
    if isinstance(members.get("stop"), str):
        raise Problem(422, "stop: expected an array", param="stop")


def _lm_studio(members: Object) -> None:
    if (members.get("response_format") or {}).get("type") == "json_object":
        raise Problem(400, "'response_format.type' must be 'json_schema' or 'text'")


def _moonshot(members: Object) -> None:
    _check_thought(members, "thinking is enabled but reasoning_content is missing in assistant tool call message")


def _check_thought(members: Object, text: str) -> None:
    """A turn with calls must bring its thinking back (wire/providers §4.11)."""
    for message in members.get("messages") or []:
        if message.get("tool_calls") and message.get("reasoning_content") is None:
            raise Problem(400, text)


def _mistral(members: Object) -> None:
    """Unknown fields are forbidden (wire/providers §4.12)."""
    said = "Extra inputs are not permitted"
    unknown = sorted(set(members) - MISTRAL_FIELDS)
    detail = [
        {"type": "extra_forbidden", "loc": ["body", name], "msg": said, "input": members[name]} for name in unknown
    ]
    if detail:
        raise Problem(422, said, more={"detail": detail})


def _azure(members: Object) -> None:
    said = str(members.get("messages"))
    if "forbidden" in said:
        found = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"violence": {"filtered": True}}}
        raise Problem(
            400, "The response was filtered due to the prompt triggering the content management policy.",
            code="content_filter", param="prompt", more={"status": 400, "innererror": found},
        )  # fmt: skip


def _perplexity(members: Object) -> None:
    last = ""
    for message in members.get("messages") or []:
        role = str(message.get("role"))
        if role == last != "system":
            text = "After the (optional) system message(s), user or tool message(s) should alternate with assistant "
            raise Problem(400, text + "message(s).")
        last = role


CHECKS: dict[str, Callable[[Object], None]] = {
    "groq": _groq, "together": _together, "lm-studio": _lm_studio, "moonshot": _moonshot, "azure": _azure,
    "perplexity": _perplexity, "mistral": _mistral,
}  # fmt: skip
