"""Ollama's OpenAI layer: /v1/chat/completions, /v1/completions, /v1/embeddings (recordings */ollama-*)."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

from hearth.rehearsal import ollama_v1_requests as requests
from hearth.rehearsal.content import ToolCall
from hearth.rehearsal.engine import Engine
from hearth.rehearsal.generation import Generation, begin, streamed
from hearth.rehearsal.golang import JSON_BARE, JSON_UTF8, SSE, Refusal, go_json, whole
from hearth.rehearsal.http import Reply
from hearth.rehearsal.ollama_chat import token_logprob
from hearth.rehearsal.ollama_requests import chat_task, find, generate_task

Object = dict[str, Any]
KINDS = {400: "invalid_request_error", 404: "not_found_error"}
DONE = b"data: [DONE]\n\n"


def refused(refusal: Refusal) -> Reply:
    """An error in OpenAI's envelope; those of the parser have a charset and no newline."""
    if refusal.cloud:
        return whole(refusal.status, {"error": refusal.text})
    text = "EOF" if refusal.text == "missing request body" else refusal.text
    error = {"message": text, "type": KINDS.get(refusal.status, "api_error"), "param": None, "code": None}
    content_type = JSON_UTF8 if refusal.early else JSON_BARE
    return whole(refusal.status, {"error": error}, content_type, newline=not refusal.early)


async def chat(engine: Engine, members: Object) -> Reply:
    """Answer POST /v1/chat/completions."""
    if not members.get("messages"):
        raise Refusal(400, "[] is too short - 'messages'", early=True)
    native = requests.options(members) | {
        "model": members.get("model"), "tools": members.get("tools"),
        "messages": requests.messages(members["messages"]),
        "format": requests.wanted_format(members.get("response_format")), "think": requests.think(members),
        "logprobs": members.get("logprobs"), "top_logprobs": members.get("top_logprobs"),
    }  # fmt: skip
    asked = str(members.get("model") or "")
    if not asked:
        raise Refusal(400, "model is required")
    model = find(engine, asked)
    if model.embeds:
        raise Refusal(400, f'"{asked}" does not support chat')
    writer = ChatWriter(await begin(engine, chat_task(native, model), model), members)
    return await _answer(writer, members)


async def complete(engine: Engine, members: Object) -> Reply:
    """Answer POST /v1/completions; an empty prompt only loads."""
    prompt = members.get("prompt")
    if prompt is not None and not isinstance(prompt, str):
        text = "json: cannot unmarshal array into Go struct field CompletionRequest.prompt of type string"
        raise Refusal(400, text, early=True)
    model = find(engine, str(members.get("model") or ""))
    if model.embeds:
        raise Refusal(400, f'"{members["model"]}" does not support generate')
    native = requests.options(members) | {"model": members["model"], "prompt": prompt, "suffix": members.get("suffix")}
    writer = TextWriter(await begin(engine, generate_task(native, model), model), members, empty=not prompt)
    return await _answer(writer, members)


async def _answer(writer: ChatWriter | TextWriter, members: Object) -> Reply:
    if not members.get("stream"):
        try:
            return whole(200, await writer.all_at_once(), JSON_BARE, newline=True)
        finally:
            writer.generation.release()
    return await streamed(writer.generation, SSE, writer.stream(), writer.blank)


class _Writer:
    """What chat and text completions have in common."""

    prefix = ""

    def __init__(self, generation: Generation, members: Object) -> None:
        self.generation = generation
        self.id = f"{self.prefix}-{secrets.randbelow(999)}"
        self.created = int(time.time())
        self.usage_asked = bool((members.get("stream_options") or {}).get("include_usage"))

    def usage(self) -> Object:
        """Tokens in and out; an aborted generation counts nothing."""
        done = bool(self.generation.speech.reason)
        prompt, completion = self.generation.prompt_tokens * done, self.generation.speech.count * done
        return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


class ChatWriter(_Writer):
    """Writes one generation as chat completion or its chunks."""

    prefix = "chatcmpl"

    def _chunk(self, choices: list[Object], **more: object) -> bytes:
        chunk = {
            "id": self.id, "object": "chat.completion.chunk", "created": self.created,
            "model": self.generation.task.asked, "system_fingerprint": "fp_ollama", "choices": choices, **more,
        }  # fmt: skip
        return b"data: " + go_json(chunk) + b"\n\n"

    def _delta(self, delta: Object, reason: str | None = None, **more: object) -> bytes:
        return self._chunk([{"index": 0, "delta": delta, "finish_reason": reason, **more}])

    def blank(self, _: str) -> bytes:
        """What a failure in mid-stream looks like here: an empty chunk without a model, then the end."""
        chunk = {
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": "",
            "system_fingerprint": "fp_ollama",
            "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}],
        }  # fmt: skip
        return b"data: " + go_json(chunk) + b"\n\n"

    async def stream(self) -> AsyncIterator[bytes]:
        """The events, one write each; the last write holds the finish, the usage and [DONE]."""
        role: Object = {"role": "assistant"}
        async for kind, words in self.generation.parts():
            delta = {"content": ""} | {"reasoning": words} if kind == "thinking" else {"content": words}
            yield self._delta(role | delta, **self._logprobs([words]))
            role = {}
        calls = self._calls()
        last = b""
        if self.generation.late_calls and calls:
            last = self._delta(role | {"content": "", "tool_calls": calls})
        elif calls:
            for call in calls:
                yield self._delta(role | {"content": "", "tool_calls": [call]})
                role = {}
        elif role:
            last = self._delta(role | {"content": ""})
        if not self.generation.speech.reason:
            return
        last += self._delta({}, self._reason(calls))
        if self.usage_asked:
            last += self._chunk([], usage=self.usage())
        yield last + DONE

    async def all_at_once(self) -> Object:
        """The whole completion."""
        text: list[str] = []
        thought: list[str] = []
        async for kind, words in self.generation.parts():
            (thought if kind == "thinking" else text).append(words)
        calls = self._calls()
        message: Object = {"role": "assistant", "content": "".join(text)}
        if thought:
            message["reasoning"] = "".join(thought)
        if calls:
            message["tool_calls"] = calls
        choice = {"index": 0, "message": message, "finish_reason": self._reason(calls), **self._logprobs(text)}
        return {
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.generation.task.asked,
            "system_fingerprint": "fp_ollama", "choices": [choice], "usage": self.usage(),
        }  # fmt: skip

    def _reason(self, calls: list[Object]) -> str | None:
        reason = self.generation.speech.reason
        return "tool_calls" if calls and reason == "stop" else reason or None

    def _calls(self) -> list[Object]:
        return [self._call(index, call) for index, call in enumerate(self.generation.whole_calls())]

    def _call(self, index: int, call: ToolCall) -> Object:
        function = {"name": call.name, "arguments": go_json(call.arguments).decode()}
        return {"id": self.generation.call_id(), "index": index, "type": "function", "function": function}

    def _logprobs(self, words: list[str]) -> Object:
        top = self.generation.task.logprobs
        return {"logprobs": {"content": [token_logprob(each, top) for each in words]}} if top >= 0 else {}


class TextWriter(_Writer):
    """Writes one generation as text completion or its chunks; an empty prompt only loads."""

    prefix = "cmpl"

    def __init__(self, generation: Generation, members: Object, *, empty: bool) -> None:
        super().__init__(generation, members)
        self.empty = empty

    def _chunk(self, choices: list[Object], usage: Object | None) -> bytes:
        chunk = {
            "id": self.id, "object": "text_completion", "created": self.created, "choices": choices,
            "model": self.generation.task.asked, "system_fingerprint": "fp_ollama",
            **({"usage": usage} if usage else {}),
        }  # fmt: skip
        return b"data: " + go_json(chunk) + b"\n\n"

    def blank(self, _: str) -> bytes:
        """A failure in mid-stream: an empty chunk, then the end."""
        return self._chunk([{"text": "", "index": 0, "finish_reason": None}], None)

    async def stream(self) -> AsyncIterator[bytes]:
        """The events; with include_usage each but the last carries a usage of zeros."""
        zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0} if self.usage_asked else None
        if not self.empty:
            async for _, words in self.generation.parts():
                yield self._chunk([{"text": words, "index": 0, "finish_reason": None}], zero)
        if self.generation.speech.reason:
            last = self._chunk([{"text": "", "index": 0, "finish_reason": self._reason()}], zero)
            if self.usage_asked:
                last += self._chunk([], self.usage())
            yield last + DONE

    async def all_at_once(self) -> Object:
        """The whole completion."""
        text = "" if self.empty else "".join([words async for _, words in self.generation.parts()])
        zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return {
            "id": self.id, "object": "text_completion", "created": self.created, "model": self.generation.task.asked,
            "system_fingerprint": "fp_ollama",
            "choices": [{"text": text, "index": 0, "finish_reason": self._reason()}],
            "usage": zero if self.empty else self.usage(),
        }  # fmt: skip

    def _reason(self) -> str | None:
        return "load" if self.empty else self.generation.speech.reason or None
