"""Chat and text completions of an OpenAI-compatible provider; quirks.py says how each provider differs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hearth.rehearsal.content import Answer, Ask, answer_to, count_tokens
from hearth.rehearsal.http import Reply
from hearth.rehearsal.openai_form import Form
from hearth.rehearsal.openai_wire import Problem, find, json_reply, stream_headers
from hearth.rehearsal.quirks import form
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech
from hearth.rehearsal.strictness import check

Object = dict[str, Any]
DONE = b"data: [DONE]\n\n"


def chat(script: Script, members: Object) -> Reply:
    """Answer POST /chat/completions."""
    model = find(script, members.get("model"))
    check(script, model, members)
    if not isinstance(members.get("messages"), list) or not members["messages"]:
        raise Problem(
            400, "Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter"
        )
    ask, tokens = _ask(script, members, model)
    limit = members.get("max_completion_tokens") or members.get("max_tokens")
    speech = _speech(answer_to(ask), members, model, -1 if limit is None else int(limit))
    return _reply(script, model, form(script, model, members, tokens), speech)


def complete(script: Script, members: Object, *, chat_shaped: bool = False) -> Reply:
    """Answer POST /completions, with `suffix` as fill-in-the-middle; Mistral's FIM route has the shape of chat."""
    model = find(script, members.get("model"))
    prompt = str(members.get("prompt") or "")
    suffix = str(members.get("suffix") or "")
    limit = int(members.get("max_tokens") or 16 if not suffix else members.get("max_tokens") or 256)
    speech = _speech(answer_to(Ask(prompt=prompt, suffix=suffix, says=model.says)), members, model, limit)
    written = form(script, model, members, count_tokens(prompt) + count_tokens(suffix), text_only=not chat_shaped)
    return _reply(script, model, written, speech)


def _speech(said: Answer, members: Object, model: ModelScript, limit: int) -> Speech:
    stop = members.get("stop") or ()
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    return Speech(said, limit=limit, ceiling=10 * model.context_length, stops=stops)


def _ask(script: Script, members: Object, model: ModelScript) -> tuple[Ask, int]:
    """What the request asks for, and how many tokens its prompt has. Raises Problem if that is too long."""
    history = [each for each in members["messages"] if isinstance(each, dict)]
    texts = [_text(each.get("content")) for each in history]
    tools = tuple(str((tool.get("function") or {}).get("name")) for tool in members.get("tools") or [])
    offered = tools if members.get("tool_choice") != "none" else ()
    tokens = sum(count_tokens(text) + 4 for text in texts) + count_tokens(str(members.get("tools") or ""))
    if tokens > model.context_length:
        raise _too_long(script, model, tokens)
    effort = members.get("reasoning_effort") or (members.get("reasoning") or {}).get("effort")
    last_user = next(
        (text for text, each in zip(texts[::-1], history[::-1], strict=True) if each.get("role") == "user"), ""
    )
    ask = Ask(
        prompt=last_user, after_tool=history[-1].get("role") == "tool", tools=offered, says=model.says,
        forced=tools[:1] if members.get("tool_choice") in ("required", "any") else _named(members.get("tool_choice")),
        thinks="thinking" in model.capabilities and effort != "none",
        wants_json=(members.get("response_format") or {}).get("type") in {"json_object", "json_schema"},
    )  # fmt: skip
    return ask, tokens


def _too_long(script: Script, model: ModelScript, tokens: int) -> Problem:
    """The prompt does not fit, in the provider's words."""
    window = model.context_length
    if script.flavour == "llama-server":
        text = f"request ({tokens} tokens) exceeds the available context size ({window} tokens), try increasing it"
        more = {"n_prompt_tokens": tokens, "n_ctx": window}
        return Problem(400, text, code="exceed_context_size_error", more=more)
    text = (
        f"This model's maximum context length is {window} tokens. However, your messages resulted in {tokens} tokens."
    )
    return Problem(400, text, param="messages", code="context_length_exceeded")


def _named(choice: object) -> tuple[str, ...]:
    """The function that `tool_choice` names."""
    return (str(choice.get("function", {}).get("name")),) if isinstance(choice, dict) else ()


def _text(content: object) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return str(content or "")


def _reply(script: Script, model: ModelScript, written: Form, speech: Speech) -> Reply:
    if written.streams:
        return Reply(
            200, stream_headers(script), _stream(script, model, written, speech), broken=written.broken,
            dated=script.flavour != "llama-server",
            tail=[("Keep-Alive", "timeout=5, max=100")] if script.flavour == "llama-server" else None,
            closes=script.flavour == "llama-server", says_close=script.flavour != "llama-server",
            counted=written.counted,
        )  # fmt: skip
    return _paced(script, model, written, speech)


def _paced(script: Script, model: ModelScript, written: Form, speech: Speech) -> Reply:
    parts = list(speech.parts())
    reply = json_reply(script, 200, written.whole(parts, speech))
    body = reply.body
    reply.wait, reply.counted = model.seconds_for(len(parts)), written.counted
    if isinstance(body, bytes):
        reply.body = written.blank_lines + body
    return reply


async def _waiting(script: Script, seconds: float, comment: bytes) -> AsyncIterator[bytes]:
    """The time before the first token, with the comments that some providers send meanwhile."""
    while seconds > 0:
        await asyncio.sleep(min(seconds, script.comment_every))
        seconds -= script.comment_every
        if comment and seconds > 0:
            yield comment


async def _stream(script: Script, model: ModelScript, written: Form, speech: Speech) -> AsyncIterator[bytes]:
    opening = written.opening()
    if opening:
        yield opening
    async for comment in _waiting(script, model.prompt_seconds, opening):
        yield comment
    first = written.first()
    if first:
        yield first
    for part in speech.parts():
        if model.pace:
            await asyncio.sleep(model.pace)
        yield written.part(part)
    for data in written.ending(speech):
        yield data
    yield DONE
