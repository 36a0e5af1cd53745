"""Ollama's answers to /api/chat and /api/generate: one NDJSON object per piece, or one object for all."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import Any

from hearth.rehearsal.content import ToolCall, split_tokens
from hearth.rehearsal.engine import Engine
from hearth.rehearsal.generation import Generation, begin, load, streamed
from hearth.rehearsal.golang import JSON_BARE, JSON_UTF8, NDJSON, Refusal, go_json, timestamp, whole
from hearth.rehearsal.http import Reply
from hearth.rehearsal.ollama_requests import chat_task, find, generate_task, wish
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.speech import Part

Object = dict[str, Any]


async def chat(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/chat."""
    asked = str(members.get("model") or "")
    if not asked:
        raise Refusal(400, "model is required")
    model = find(engine, asked)
    if model.embeds:
        raise Refusal(400, f'"{asked}" does not support chat')
    if not members.get("messages"):
        return await _only_load(engine, members, model, {"message": {"role": "assistant", "content": ""}})
    if members.get("_debug_render_only"):
        return _rendered(members, {"message": {"role": "", "content": ""}}, members["messages"])
    return await _generate(ChatSpeaker(await begin(engine, chat_task(members, model), model)), members)


async def generate(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/generate."""
    asked = str(members.get("model") or "")
    model = find(engine, asked)
    if model.embeds:
        raise Refusal(400, f'"{asked}" does not support generate')
    if not members.get("prompt") and not members.get("suffix"):
        return await _only_load(engine, members, model, {"response": ""})
    if members.get("_debug_render_only"):
        return _rendered(members, {"response": ""}, [{"role": "user", "content": members.get("prompt")}])
    return await _generate(Speaker(await begin(engine, generate_task(members, model), model)), members)


def _rendered(members: Object, said: Object, history: list[Object]) -> Reply:
    """What `_debug_render_only` answers: the prompt as the template makes it."""
    prompt = "".join(f"<|im_start|>{each.get('role')}\n{each.get('content')}<|im_end|>\n" for each in history)
    head = {"model": members["model"], "created_at": timestamp()}
    info = {"rendered_template": f"{prompt}<|im_start|>assistant\n"}
    return whole(200, {**head, **said, "done": False, "_debug_info": info})


async def _only_load(engine: Engine, members: Object, model: ModelScript, said: Object) -> Reply:
    """An empty prompt loads, or with keep_alive 0 unloads (recordings chat-load*, generate-unload*)."""
    asked = wish(members, {name.lower(): value for name, value in (members.get("options") or {}).items()})
    reason = "load"
    if asked.keep_alive == 0:
        reason = "unload"
        engine.unload(model.full_name)
    else:
        runner, _ = await load(engine, model, asked)
        engine.release(runner)
    head = {"model": members["model"], "created_at": timestamp()}
    return whole(200, {**head, **said, "done": True, "done_reason": reason})


async def _generate(speaker: Speaker, members: Object) -> Reply:
    generation = speaker.generation
    if members.get("stream") is False:
        try:
            reply = whole(200, await speaker.all_at_once(), JSON_UTF8)
        finally:
            generation.release()
        return reply
    return await streamed(generation, NDJSON, speaker.stream(), error_line)


def error_line(text: str) -> bytes:
    """The last line of a stream that failed: status stays 200 (recording runner-dies-mid-stream)."""
    return go_json({"error": text}) + b"\n"


def refused(refusal: Refusal, *, streamed: bool) -> Reply:
    """An error in Ollama's form; one that came late on a stream has neither charset nor length."""
    body = {"error": refusal.text}
    if refusal.late and streamed:
        return Reply(refusal.status, [("Content-Type", JSON_BARE)], go_json(body), chunked=True)
    return whole(refusal.status, body)


class Speaker:
    """Writes one generation in the form of /api/generate; the chat form changes how a piece looks."""

    def __init__(self, generation: Generation) -> None:
        self.generation = generation

    def head(self) -> Object:
        """The members that every object begins with."""
        model = self.generation.model
        remote = {"remote_model": model.remote_model or model.name, "remote_host": model.remote_host}
        return {
            "model": self.generation.task.asked, **(remote if model.remote_host else {}), "created_at": timestamp()
        }  # fmt: skip

    def said(self, text: str, thinking: str, calls: list[Object]) -> Object:
        """The words of one object."""
        return {
            "response": text, **({"thinking": thinking} if thinking else {}), **({"tool_calls": calls} if calls else {})
        }  # fmt: skip

    def piece(self, part: Part) -> tuple[str, str]:
        """Text and thinking of one part. A path-A model's thinking is not split off in generate."""
        kind, words = part
        return ("", words) if kind == "thinking" else (words, "")

    async def parts(self) -> AsyncIterator[Part]:
        """The parts as this route shows them."""
        if self.generation.model.template_path == "B":
            async for part in self.generation.parts():
                yield part
            return
        thinking = False
        async for kind, words in self.generation.parts():
            if kind == "thinking" and not thinking:
                thinking = True
                yield "text", "<think>\n"
            elif kind == "text" and thinking:
                thinking = False
                yield "text", "</think>\n\n"
            yield "text", words

    async def stream(self) -> AsyncIterator[bytes]:
        """One line a piece, calls, and the last line with its figures."""
        async for part in self.parts():
            text, thinking = self.piece(part)
            yield self._line({**self.said(text, thinking, []), "done": False, **self._logprobs([part[1]])})
        calls = self._calls()
        if calls and not self.generation.late_calls:
            for call in calls:
                yield self._line({**self.said("", "", [call]), "done": False})
            calls = []
        if self.generation.speech.reason:
            yield self._line({**self.said("", "", calls), **self._ending()})

    async def all_at_once(self) -> Object:
        """The whole answer in one object; an aborted one has `done: false` and no figures."""
        text: list[str] = []
        thought: list[str] = []
        async for part in self.parts():
            words, thinking = self.piece(part)
            text.append(words)
            thought.append(thinking)
        said = self.said("".join(text), "".join(thought), self._calls())
        if not self.generation.speech.reason:
            return {**self.head(), **said, "done": False}
        ending = self._ending()
        reason = {name: ending.pop(name) for name in ("done", "done_reason")}
        return {**self.head(), **said, **reason, **self._logprobs(text), **ending}

    def _line(self, members: Object) -> bytes:
        return go_json({**self.head(), **members}) + b"\n"

    def _ending(self) -> Object:
        ending: Object = {"done": True, "done_reason": self.generation.speech.reason}
        return {**ending, **self.context(), **self.generation.metrics()}

    def context(self) -> Object:
        """The token ids that continue this turn; never with `raw`."""
        task = self.generation.task
        if task.raw:
            return {}
        words = " ".join(message.text for message in task.messages)
        return {"context": [*task.context, *(3 + zlib.crc32(each.encode()) % 32_000 for each in split_tokens(words))]}

    def _calls(self) -> list[Object]:
        return [self._call(index, call) for index, call in enumerate(self.generation.whole_calls())]

    def _call(self, index: int, call: ToolCall) -> Object:
        function = {"index": index, "name": call.name, "arguments": call.arguments}
        return {"id": self.generation.call_id(), "function": function}

    def _logprobs(self, words: list[str]) -> Object:
        top = self.generation.task.logprobs
        return {"logprobs": [token_logprob(each, top) for each in words if each]} if top >= 0 else {}


class ChatSpeaker(Speaker):
    """The form of /api/chat: a message in each object, thinking beside the content, no context."""

    def said(self, text: str, thinking: str, calls: list[Object]) -> Object:
        """The message of one object."""
        message: Object = {"role": "assistant", "content": text}
        if thinking:
            message["thinking"] = thinking
        if calls:
            message["tool_calls"] = calls
        return {"message": message}

    async def parts(self) -> AsyncIterator[Part]:
        """Chat splits thinking off on both template paths."""
        async for part in self.generation.parts():
            yield part

    def context(self) -> Object:
        """Chat has none."""
        return {}


def token_logprob(token: str, top: int) -> Object:
    """One token with its log probability and as many alternatives as were asked for."""
    entry: Object = {"token": token, "logprob": -0.00004541977250482887, "bytes": list(token.encode())}
    if top > 0:
        alternatives = [token, *(f" or{number}" for number in range(1, top))]
        entry["top_logprobs"] = [
            {
                "token": each,
                "logprob": -0.00004541977250482887 - 9.999996185302734 * place,
                "bytes": list(each.encode()),
            }
            for place, each in enumerate(alternatives)
        ]
    return entry
