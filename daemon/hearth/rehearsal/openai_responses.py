"""The Responses route of a rehearsed OpenAI: what it refuses, and what it answers (wire/providers §4.1, §5.2)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.http import Reply
from hearth.rehearsal.openai_items import SEAL, Response
from hearth.rehearsal.openai_wire import Problem, find, json_reply, stream_headers
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]
FIELDS = frozenset(
    {
        "model", "input", "instructions", "max_output_tokens", "tools", "tool_choice", "parallel_tool_calls", "text",
        "reasoning", "include", "store", "stream", "stream_options", "temperature", "top_p", "top_logprobs",
        "truncation", "previous_response_id", "conversation", "metadata", "service_tier", "prompt_cache_key",
        "safety_identifier", "user", "background", "max_tool_calls", "context_management", "prompt", "moderation",
    }
)  # fmt: skip
LEAST_TOKENS = 16
"""OpenAI refuses a smaller max_output_tokens."""


def respond(script: Script, members: Object) -> Reply:
    """Answer POST /responses."""
    model = find(script, members.get("model"))
    _check(model, members)
    items = _items(members)
    _check_items(items)
    ask, tokens = _ask(members, items, model)
    if tokens > model.context_length:
        text = "Your input exceeds the context window of this model. Please adjust your input and try again."
        raise Problem(400, text, param="input", code="context_length_exceeded")
    limit = members.get("max_output_tokens")
    speech = Speech(answer_to(ask), limit=-1 if limit is None else int(limit), ceiling=10 * model.context_length)
    response = Response(model, members, tokens)
    if members.get("stream"):
        body = _stream(model, response, speech)
        return Reply(200, stream_headers(script), body, broken=response.broken)
    parts = list(speech.parts())
    reply = json_reply(script, 200, response.whole(parts, speech))
    reply.wait = model.seconds_for(len(parts))
    return reply


def count(script: Script, members: Object) -> Reply:
    """Answer POST /responses/input_tokens."""
    model = find(script, members.get("model"))
    tokens = _ask(members, _items(members), model)[1]
    return json_reply(script, 200, {"object": "response.input_tokens", "input_tokens": tokens})


async def _stream(model: ModelScript, response: Response, speech: Speech) -> AsyncIterator[bytes]:
    for data in response.opening():
        yield data
    await asyncio.sleep(model.prompt_seconds)
    for part in speech.parts():
        if model.pace:
            await asyncio.sleep(model.pace)
        for data in response.part(part):
            yield data
    for data in response.ending(speech):
        yield data


def _check(model: ModelScript, members: Object) -> None:
    """Refuse what OpenAI refuses by name."""
    for name in members:
        if name not in FIELDS:
            raise Problem(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    if members.get("previous_response_id"):
        text = f"Previous response with id '{members['previous_response_id']}' not found."
        raise Problem(400, text, param="previous_response_id", code="previous_response_not_found")
    limit = members.get("max_output_tokens")
    if limit is not None and limit < LEAST_TOKENS:
        text = f"Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got {limit}."
        raise Problem(400, text, param="max_output_tokens", code="integer_below_min_value")
    thinks = "thinking" in model.capabilities
    effort = (members.get("reasoning") or {}).get("effort")
    if thinks and effort != "none" and members.get("temperature") is not None:
        raise _unsupported("temperature")
    if not thinks and effort is not None:
        raise _unsupported("reasoning.effort")
    if not thinks and "reasoning.encrypted_content" in (members.get("include") or ()):
        raise Problem(400, "Encrypted content is not supported with this model.", param="include")


def _unsupported(name: str) -> Problem:
    text = f"Unsupported parameter: '{name}' is not supported with this model."
    return Problem(400, text, param=name, code="unsupported_parameter")


def _items(members: Object) -> list[Object]:
    given = members.get("input")
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise Problem(400, "Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    return [{"type": "message", **item} for item in given]


def _check_items(items: list[Object]) -> None:
    """Refuse a history that does not add up, and thinking that somebody else has sealed."""
    calls = {item["call_id"] for item in items if item["type"] in ("function_call", "custom_tool_call")}
    answered = {item["call_id"] for item in items if item["type"].endswith("call_output")}
    for id in sorted(answered - calls):
        raise Problem(400, f"No tool call found for function call output with call_id {id}.", param="input")
    for id in sorted(calls - answered):
        raise Problem(400, f"No tool output found for function call {id}.", param="input")
    for item in items:
        if item["type"] == "reasoning" and not str(item.get("encrypted_content") or "").startswith(SEAL):
            text = "The encrypted content could not be verified."
            raise Problem(400, text, code="invalid_encrypted_content")
        if item["type"] == "message" and item["role"] == "assistant":
            _check_parts(item.get("content"))


def _check_parts(content: object) -> None:
    for part in content if isinstance(content, list) else ():
        if part["type"] not in ("output_text", "refusal"):
            text = f"Invalid value: '{part['type']}'. Supported values are: 'output_text' and 'refusal'."
            raise Problem(400, text, param="input", code="invalid_value")


def _ask(members: Object, items: list[Object], model: ModelScript) -> tuple[Ask, int]:
    """What the request asks for, and how many tokens its prompt has."""
    texts = [(item.get("role"), _text(item.get("content") or item.get("output"))) for item in items]
    tools = [_name(tool) for tool in members.get("tools") or () if tool["type"] in ("function", "custom")]
    choice = members.get("tool_choice")
    effort = (members.get("reasoning") or {}).get("effort")
    tokens = sum(count_tokens(text) + 4 for _, text in texts) + count_tokens(str(members.get("tools") or ""))
    tokens += count_tokens(str(members.get("instructions") or ""))
    ask = Ask(
        prompt=next((text for role, text in reversed(texts) if role == "user"), ""),
        after_tool=items[-1]["type"].endswith("call_output"),
        tools=() if choice == "none" else tuple(tools),
        forced=tuple(tools[:1]) if choice == "required" else (choice["name"],) if isinstance(choice, dict) else (),
        thinks="thinking" in model.capabilities and effort != "none",
        wants_json=((members.get("text") or {}).get("format") or {}).get("type") in ("json_object", "json_schema"),
        says=model.says,
    )
    return ask, tokens


def _name(tool: Object) -> str:
    name = str(tool["name"])
    if not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        text = f"Invalid 'tools[0].name': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$', got '{name}'."
        raise Problem(400, text, param="tools[0].name", code="invalid_value")
    return name


def _text(content: object) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in content)
    return str(content or "")
