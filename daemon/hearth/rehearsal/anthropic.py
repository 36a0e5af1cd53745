"""A rehearsed Anthropic: its routes, its key check, and what it says to a message (wire/providers §4.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hearth.rehearsal.anthropic_checks import check
from hearth.rehearsal.anthropic_form import Form
from hearth.rehearsal.anthropic_wire import broken, json_reply, refused, stream_headers
from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.http import Refused, Reply, Request
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]
PAGE = 3
"""How many models a page of the list holds here, whatever was asked for: so that lists have several."""
_IMAGE_TOKENS = 100
_NO_JSON = "The request body is not valid JSON"


def answer(script: Script, request: Request) -> Reply:
    """Answer one request as Anthropic would; raises nothing."""
    try:
        _check_key(script, request)
        if not request.header("anthropic-version"):
            raise Refused(400, "anthropic-version: header is required")
        return _route(script, request)
    except Refused as no:
        return refused(no.status, no.text)


def _check_key(script: Script, request: Request) -> None:
    if not script.keys:
        return
    bearer = request.header("Authorization").removeprefix("Bearer ")
    if (request.header("x-api-key") or bearer) not in script.keys:
        raise Refused(401, "invalid x-api-key")


def _route(script: Script, request: Request) -> Reply:
    path = request.path.rstrip("/")
    if request.method == "GET" and path.endswith("/v1/models"):
        return _models(script, request)
    if request.method == "POST" and path.endswith("/v1/messages"):
        return _message(script, request.members(Refused(400, _NO_JSON)))
    if request.method == "POST" and path.endswith("/v1/messages/count_tokens"):
        return _count(script, request.members(Refused(400, _NO_JSON)))
    raise Refused(404, "Not found")


def _find(script: Script, members: Object) -> ModelScript:
    name = members.get("model")
    if not name:
        raise Refused(400, "model: Field required")
    found = next((model for model in script.models if model.name == name), None)
    if found is None:
        raise Refused(404, f"model: {name}")
    return found


def _models(script: Script, request: Request) -> Reply:
    """A page of the list, after the model that `after_id` names."""
    query = dict(pair.partition("=")[::2] for pair in request.target.partition("?")[2].split("&"))
    names = [model.name for model in script.models]
    after = query.get("after_id")
    first = names.index(after) + 1 if after in names else 0
    page = script.models[first : first + PAGE]
    rows = [
        {
            "type": "model", "id": model.name, "display_name": model.name, "created_at": "2026-02-04T00:00:00Z",
            "lifecycle": "active", "max_input_tokens": model.context_length, "max_tokens": 4096,
            "capabilities": _capabilities(model),
        }
        for model in page
    ]  # fmt: skip
    more = first + PAGE < len(names)
    ends = {"first_id": page[0].name, "last_id": page[-1].name} if page else {"first_id": None, "last_id": None}
    return json_reply({"data": rows, "has_more": more, **ends})


def _capabilities(model: ModelScript) -> Object:
    told = {
        "image_input": True, "pdf_input": True, "structured_outputs": "tools" in model.capabilities,
        "thinking": "thinking" in model.capabilities,
    }  # fmt: skip
    return {name: {"supported": supported} for name, supported in told.items()}


def _message(script: Script, members: Object) -> Reply:
    model = _find(script, members)
    check(model, members)
    tokens = _tokens(members)
    if tokens > model.context_length:
        raise Refused(400, f"prompt is too long: {tokens} tokens > {model.context_length} maximum")
    stops = tuple(members.get("stop_sequences") or ())
    said = answer_to(_ask(members, model))
    speech = Speech(said, limit=members["max_tokens"], ceiling=10 * model.context_length, stops=stops)
    form = Form(model, members, tokens)
    if members.get("stream"):
        return Reply(200, stream_headers(), _stream(model, form, speech), broken=broken)
    parts = list(speech.parts())
    reply = json_reply(form.whole(parts, speech))
    reply.wait = model.seconds_for(len(parts))
    return reply


def _count(script: Script, members: Object) -> Reply:
    """Count what a message would have, under the same checks."""
    for name in ("max_tokens", "stream", "temperature", "stop_sequences", "metadata"):
        if name in members:
            raise Refused(400, f"{name}: Extra inputs are not permitted")
    check(_find(script, members), {**members, "max_tokens": 64_000})
    return json_reply({"input_tokens": _tokens(members)})


async def _stream(model: ModelScript, form: Form, speech: Speech) -> AsyncIterator[bytes]:
    yield form.opening()
    await asyncio.sleep(model.prompt_seconds)
    for part in speech.parts():
        if model.pace:
            await asyncio.sleep(model.pace)
        yield form.part(part)
    for data in form.ending(speech):
        if data:
            yield data


def _ask(members: Object, model: ModelScript) -> Ask:
    last = members["messages"][-1]
    blocks = last["content"] if isinstance(last["content"], list) else [{"type": "text", "text": last["content"]}]
    tools = tuple(str(tool.get("name")) for tool in members.get("tools") or [])
    choice = members.get("tool_choice") or {}
    forced = {"any": tools[:1], "tool": (str(choice.get("name")),)}.get(str(choice.get("type")), ())
    return Ask(
        prompt=" ".join(str(block.get("text") or "") for block in blocks),
        after_tool=any(block.get("type") == "tool_result" for block in blocks),
        tools=() if choice.get("type") == "none" else tools,
        thinks=(members.get("thinking") or {}).get("type") in ("enabled", "adaptive"),
        wants_json=bool((members.get("output_config") or {}).get("format")),
        forced=forced,
        says=model.says,
    )


def _tokens(members: Object) -> int:
    """The tokens of everything that is read: texts, tools, and a flat number for a picture."""
    bare = {name: members.get(name) for name in ("system", "messages", "tools") if members.get(name)}
    text = msgspec.json.encode(bare).decode()
    pictures = text.count('"type":"image"')
    return count_tokens(text if not pictures else text[:2000]) // 2 + pictures * _IMAGE_TOKENS
