"""POST /v2/chat of a rehearsed Cohere: what it refuses, its events in their order, and its whole form."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec

from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.http import Refused, Reply
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]
MEMBERS = frozenset({
    "model", "messages", "stream", "tools", "strict_tools", "tool_choice", "response_format", "max_tokens",
    "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs", "thinking",
    "documents", "citation_options", "safety_mode", "priority", "raw_prompting", "return_prompt",
})  # fmt: skip
REASONS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "": "ERROR"}
ALPHANUMERIC = string.ascii_lowercase + string.digits


def find(script: Script, name: object) -> ModelScript:
    """The model of that name. Raises Refused."""
    for model in script.models:
        if model.name == name:
            return model
    if not name:
        raise Refused(400, "invalid request: model is required")
    raise Refused(404, f"model '{name}' not found, make sure the correct model ID was used")


def chat(script: Script, members: Object) -> Reply:
    """Answer one chat request. Raises Refused."""
    model = find(script, members.get("model"))
    _check(members)
    tokens = sum(count_tokens(_text(each.get("content"))) + 4 for each in members["messages"])
    if tokens > model.context_length:
        text = f"too many tokens: total number of tokens in the prompt cannot exceed {model.context_length} - received "
        raise Refused(400, f"{text}{tokens}. Try using a shorter prompt.")
    limit = members.get("max_tokens")
    speech = Speech(
        answer_to(_ask(members, model)),
        limit=-1 if limit is None else int(limit),
        ceiling=10 * model.context_length,
        stops=tuple(members.get("stop_sequences") or ()),
    )
    written = Written(tokens, members)
    if members.get("stream"):
        headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]
        return Reply(200, headers, _stream(model, written, speech), broken=written.broken)
    parts = list(speech.parts())
    reply = Reply(200, [("Content-Type", "application/json")], msgspec.json.encode(written.whole(parts, speech)))
    reply.wait = model.seconds_for(len(parts))
    return reply


def _check(members: Object) -> None:
    """Refuse what Cohere refuses: unknown fields, broken turns, names and ranges."""
    unknown = sorted(members.keys() - MEMBERS)
    if unknown:
        raise Refused(422, f"unknown field: parameter '{unknown[0]}' is not a valid field")
    messages = members.get("messages")
    if not isinstance(messages, list) or not messages:
        raise Refused(400, "invalid request: message must be at least 1 token long or tool results must be specified.")
    for message in messages:
        _check_message(message)
    for tool in members.get("tools") or ():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", tool["function"]["name"]):
            raise Refused(400, "invalid request: tool names can only contain letters, digits and underscores")
    if members.get("tools") and members.get("response_format"):
        raise Refused(400, "invalid request: response_format is not supported with tools")
    if members.get("tool_choice") not in (None, "REQUIRED", "NONE"):
        raise Refused(400, "invalid request: tool_choice must be one of REQUIRED, NONE")
    if not 0.01 <= members.get("p", 0.75) <= 0.99:
        raise Refused(400, "invalid request: p must be between 0.01 and 0.99 inclusive.")


def _check_message(message: Object) -> None:
    role = message.get("role")
    if role not in ("system", "user", "assistant", "tool"):
        raise Refused(400, f"invalid request: unknown role {role!r}")
    if role == "tool" and not message.get("tool_call_id"):
        raise Refused(400, "invalid request: tool messages need a tool_call_id")
    if role == "assistant" and message.get("tool_calls") and message.get("content"):
        raise Refused(400, "invalid request: an assistant message has content or tool calls")


def _ask(members: Object, model: ModelScript) -> Ask:
    messages = members["messages"]
    tools = tuple(tool["function"]["name"] for tool in members.get("tools") or ())
    choice = members.get("tool_choice")
    users = [_text(each.get("content")) for each in messages if each["role"] == "user"]
    return Ask(
        prompt=users[-1] if users else "",
        after_tool=messages[-1]["role"] == "tool",
        tools=tools if choice != "NONE" else (),
        forced=tools[:1] if choice == "REQUIRED" else (),
        thinks="thinking" in model.capabilities and (members.get("thinking") or {}).get("type") != "disabled",
        wants_json=(members.get("response_format") or {}).get("type") == "json_object",
        says=model.says,
    )


def _text(content: object) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text") or part.get("document") or "") for part in content)
    return str(content or "")


class Written:
    """One reply, in either form. A request with documents gets each of them cited."""

    def __init__(self, tokens: int, members: Object) -> None:
        self._id = str(uuid.uuid4())
        self._tokens = tokens
        given = members.get("documents") or ()
        self._documents = [each if isinstance(each, dict) else {"data": {"text": each}} for each in given]

    def opening(self) -> bytes:
        """The first event."""
        message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        return _event("message-start", id=self._id, delta={"message": message})

    def speaking(self, parts: Iterator[tuple[str, str]]) -> Iterator[bytes]:
        """The blocks of content: each kind in one of its own."""
        index, kind = -1, ""
        for found, text in parts:
            if found != kind:
                if kind:
                    yield _event("content-end", index=index)
                index, kind = index + 1, found
                yield _event("content-start", index=index, delta=_content({"type": kind, kind: ""}))
            yield _event("content-delta", index=index, delta=_content({kind: text}))
        if kind == "text":
            for number, citation in enumerate(self._citations()):
                yield _event("citation-start", index=number, delta={"message": {"citations": citation}})
                yield _event("citation-end", index=number)
        if kind:
            yield _event("content-end", index=index)

    def calling(self, speech: Speech) -> Iterator[bytes]:
        """The calls: a plan, then each call begun, its arguments in two pieces, and ended."""
        if not speech.calls:
            return
        for word in ("I will", " look it up."):
            yield _event("tool-plan-delta", delta={"message": {"tool_plan": word}})
        for index, call in enumerate(speech.answer.calls):
            begun = {"id": _call_id(call.name), "type": "function", "function": {"name": call.name, "arguments": ""}}
            yield _event("tool-call-start", index=index, delta={"message": {"tool_calls": begun}})
            text = msgspec.json.encode(call.arguments).decode() if call.arguments else ""
            for piece in (text[:5], text[5:]):
                if piece:
                    delta = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
                    yield _event("tool-call-delta", index=index, delta=delta)
            yield _event("tool-call-end", index=index)

    def ending(self, speech: Speech) -> bytes:
        """The last event."""
        return _event(
            "message-end", id=self._id, delta={"finish_reason": _reason(speech), "usage": self._usage(speech)}
        )

    def broken(self, text: str) -> bytes:
        """An error in the middle of a stream."""
        return _event("message-end", id=self._id, delta={"finish_reason": "ERROR", "error": text})

    def whole(self, parts: Sequence[tuple[str, str]], speech: Speech) -> Object:
        """The whole form."""
        kinds = {kind: "".join(text for found, text in parts if found == kind) for kind in ("thinking", "text")}
        content = [{"type": kind, kind: text} for kind, text in kinds.items() if text]
        message: Object = {"role": "assistant"}
        if speech.calls:
            message["tool_plan"] = "I will look it up."
            message["tool_calls"] = [
                {"id": _call_id(call.name), "type": "function",
                 "function": {"name": call.name, "arguments": msgspec.json.encode(call.arguments).decode()}}
                for call in speech.answer.calls
            ]  # fmt: skip
        if content:
            message["content"] = content
        if self._documents:
            message["citations"] = list(self._citations())
        return {"id": self._id, "finish_reason": _reason(speech), "message": message, "usage": self._usage(speech)}

    def _citations(self) -> Iterator[Object]:
        for number, document in enumerate(self._documents):
            id = document.get("id") or f"doc:{number}"
            source = {"type": "document", "id": id, "document": {"id": id, **document["data"]}}
            yield {"start": 0, "end": 5, "text": "Hello", "sources": [source], "type": "TEXT_CONTENT"}

    def _usage(self, speech: Speech) -> Object:
        billed = {"input_tokens": float(max(self._tokens - 4, 0)), "output_tokens": float(speech.count)}
        tokens = {"input_tokens": float(self._tokens), "output_tokens": float(speech.count)}
        return {"billed_units": billed, "tokens": tokens, "cached_tokens": 0.0}


async def _stream(model: ModelScript, written: Written, speech: Speech) -> AsyncIterator[bytes]:
    await asyncio.sleep(model.prompt_seconds)
    yield written.opening()
    for data in written.speaking(speech.parts()):
        if model.pace:
            await asyncio.sleep(model.pace)
        yield data
    for data in written.calling(speech):
        yield data
    yield written.ending(speech)


def _reason(speech: Speech) -> str:
    return "TOOL_CALL" if speech.calls else REASONS[speech.reason]


def _content(content: Object) -> Object:
    return {"message": {"content": content}}


def _call_id(name: str) -> str:
    return f"{name}_{''.join(secrets.choice(ALPHANUMERIC) for _ in range(12))}"


def _event(kind: str, **members: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **members}))
