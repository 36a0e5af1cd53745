"""A chat request of any dialect, written as the members of a Messages request, in the form that its model takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Raw

from hearth.chat import ChatRequest, Format, Knobs, Members, Reasoning, Tool
from hearth.dialects.anthropic.schemas import plain_schema
from hearth.dialects.anthropic.traits import BUDGETS, LEAST_BUDGET, Traits, traits_of
from hearth.dialects.anthropic.turns import resumes_unthought, write_turns
from hearth.dialects.body import raw
from hearth.dialects.dialect import Destination
from hearth.problems import BadRequest, Unsupported

LONGEST_WHOLE = 21_333
"""Longer answers are streamed, whoever asked: a whole one of more tokens may take over the API's ten minutes (§4.2)."""
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")
_NO_PARAMETERS = Raw(b'{"type":"object","properties":{}}')


def write_chat(request: ChatRequest, to: Destination, *, stream: bool) -> Members:
    """Return the members, `model` left out. Raises `BadRequest` for silence, `Unsupported` for what cannot be said."""
    _refuse_others(request)
    traits = traits_of(to.model)
    limit = _limit(request.knobs, to, traits)
    system, turns = write_turns(request.messages, signed=traits.signed)
    if not turns:
        raise BadRequest("Nothing is said in the conversation.", next_step="Send some text.", param="messages")
    members: Members = {"max_tokens": raw(limit)}
    if system:
        blocks = [{"type": "text", "text": text} for text in system]
        members["system"] = raw(system[0] if len(system) == 1 else blocks)
    members["messages"] = raw(turns)
    if request.tools:
        members["tools"] = raw([_tool(tool) for tool in request.tools])
    choice = _choice(request, traits)
    if choice is not None:
        members["tool_choice"] = raw(choice)
    forced = choice is not None and choice["type"] in ("any", "tool")
    thoughtless = forced or (traits.signed and traits.thinking == "budget" and _resumes_unthought(turns))
    members |= _thinking(request, to, traits, limit, thoughtless=thoughtless)
    members |= _knobs(request.knobs, to, traits, thinking=b'"enabled"' in bytes(members.get("thinking", b"")))
    if request.user:
        members["metadata"] = raw({"user_id": request.user})
    members["stream"] = raw(stream or limit > LONGEST_WHOLE)
    return members


def _refuse_others(request: ChatRequest) -> None:
    if request.choices > 1:
        raise Unsupported("This provider gives one answer a request.", param="n")
    if request.logprobs:
        raise Unsupported("This provider tells no token probabilities.", param="logprobs")


def _limit(knobs: Knobs, to: Destination, traits: Traits) -> int:
    """Return how long the answer may be, which must be said: the caller's word, the config's, the model's most."""
    said = knobs.max_tokens if knobs.max_tokens is not None else to.defaults.max_tokens
    return said if said is not None and said > 0 else to.output_limit or traits.max_tokens


def _tool(tool: Tool) -> dict[str, Any]:
    if not _NAME.fullmatch(tool.name):
        raise Unsupported(
            f"The tool name {tool.name[:80]!r} is not possible here.",
            next_step="Use letters, digits, _ and - only, 128 at most.",
            param="tools",
        )
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description:
        wire["description"] = tool.description
    schema = _NO_PARAMETERS if tool.parameters is None else tool.parameters
    wire["input_schema"] = plain_schema(schema) if tool.strict else schema
    if tool.strict:
        wire["strict"] = True
    return wire


def _choice(request: ChatRequest, traits: Traits) -> dict[str, Any] | None:
    choice, single = request.tool_choice, request.parallel_tool_calls is False and bool(request.tools)
    if choice is None and not single:
        return None
    kind = choice.kind if choice is not None else "auto"
    if kind in ("required", "named") and not traits.forced_choice:
        raise Unsupported("This model cannot be made to call a tool (tool_choice).", param="tool_choice")
    words = {"auto": "auto", "none": "none", "required": "any", "named": "tool"}
    wire: dict[str, Any] = {"type": words[kind]}
    if choice is not None and kind == "named":
        wire["name"] = choice.name
    if single and kind != "none":
        wire["disable_parallel_tool_use"] = True
    return wire


def _resumes_unthought(turns: Sequence[dict[str, Any]]) -> bool:
    return resumes_unthought([[block["type"] for block in turn["content"]] for turn in turns[-2:]])


def _thinking(request: ChatRequest, to: Destination, traits: Traits, limit: int, *, thoughtless: bool) -> Members:
    """Return `thinking` and `output_config`.

    The API wants no thoughts (`thoughtless`) of a call forced to a tool, nor of a turn resumed that began without any.
    """
    reasoning = request.reasoning
    config = _shape(request.format, traits)
    members: Members = {}
    if reasoning.on is False:
        if traits.can_rest and (traits.thinking == "adaptive" or not to.model.startswith("claude")):
            members["thinking"] = raw({"type": "disabled"})
    elif reasoning.on or reasoning.effort is not None:
        if traits.effort and reasoning.effort is not None:
            config["effort"] = _effort(reasoning.effort, traits)
        if not thoughtless:
            members |= _on(reasoning, traits, limit)
    if config:
        members["output_config"] = raw(config)
    return members


def _on(reasoning: Reasoning, traits: Traits, limit: int) -> Members:
    """Return the switch of thinking in the form the model takes; a budget leaves room for the answer."""
    if traits.thinking == "adaptive":
        return {
            "thinking": raw({"type": "adaptive", "display": "summarized"} if traits.signed else {"type": "adaptive"})
        }
    if limit <= LEAST_BUDGET:
        if reasoning.optional:
            return {}
        raise Unsupported(
            f"This model needs max_tokens above {LEAST_BUDGET} to think.",
            next_step="Raise max_tokens, or ask without reasoning.",
            param="max_tokens",
        )
    budget = min(BUDGETS[reasoning.effort or "medium"], max(LEAST_BUDGET, limit // 2))
    return {"thinking": raw({"type": "enabled", "budget_tokens": budget})}


def _effort(word: str, traits: Traits) -> str:
    if word == "minimal":
        return "low"
    return "max" if word == "xhigh" and not traits.xhigh else word


def _shape(form: Format | None, traits: Traits) -> dict[str, Any]:
    if form is None:
        return {}
    if form.kind != "json_schema" or form.schema is None:
        raise Unsupported(
            "This provider holds an answer to a JSON schema, not to any JSON.",
            next_step="Send the schema.",
            param="response_format",
        )
    if not traits.schema:
        raise Unsupported("This model cannot hold an answer to a JSON schema.", param="response_format")
    return {"format": {"type": "json_schema", "schema": plain_schema(form.schema)}}


def _knobs(knobs: Knobs, to: Destination, traits: Traits, *, thinking: bool) -> Members:
    """Return the settings that the model takes, the config's where the caller left them open."""
    given = {name: getattr(knobs, name) for name in ("temperature", "top_p", "top_k")}
    found = {name: getattr(to.defaults, name) if own is None else own for name, own in given.items()}
    members: Members = {name: raw(own) for name, own in found.items() if own is not None}
    if traits.sampling == "none":
        members = {}
    elif thinking:
        members.pop("temperature", None)
        members.pop("top_k", None)
    if "temperature" in members:
        members["temperature"] = raw(min(1.0, max(0.0, found["temperature"])))
        if traits.sampling == "one":
            members.pop("top_p", None)
    stop = knobs.stop or to.defaults.stop
    if stop:
        members["stop_sequences"] = raw(_stops(stop))
    return members


def _stops(stop: tuple[str, ...]) -> tuple[str, ...]:
    if any(not one.strip() for one in stop):
        raise Unsupported("A stop sequence of white space alone is refused by this provider.", param="stop")
    return stop
