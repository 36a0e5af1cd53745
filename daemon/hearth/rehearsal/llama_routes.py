"""The routes that only llama-server has: health, properties, slots, and fill-in-the-middle (recordings llama-*)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.openai_wire import Problem, event, json_reply, stream_headers
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech

Object = dict[str, Any]


def reply(script: Script, request: Request) -> Reply | None:
    """The answer of a route of its own, or None. While it loads every route says so."""
    if script.loading:
        raise Problem(503, "Loading model")
    model = script.models[0]
    if request.method == "GET":
        return _read(script, model, request.path)
    if request.method == "POST" and request.path == "/infill":
        return _infill(script, model, request)
    if request.method == "POST" and request.path == "/v1/chat/completions/input_tokens":
        said: Object = msgspec.json.decode(request.body)
        tokens = sum(count_tokens(str(message.get("content"))) for message in said.get("messages", ()))
        return json_reply(script, 200, {"input_tokens": tokens, "object": "response.input_tokens"})
    if request.method == "POST" and request.path in {"/tokenize", "/detokenize"}:
        return _tokens(script, request)
    return None


def _read(script: Script, model: ModelScript, path: str) -> Reply | None:
    if path in {"/health", "/v1/health"}:
        return json_reply(script, 200, {"status": "ok"})
    if path == "/props":
        settings = {"params": {"n_predict": -1, "stream": False}, "n_ctx": model.num_ctx}
        props = {
            "default_generation_settings": settings, "total_slots": script.parallel, "model_alias": model.name,
            "model_path": f"/models/{model.name}.gguf", "modalities": {"vision": "vision" in model.capabilities},
        }  # fmt: skip
        return json_reply(script, 200, props)
    if path == "/slots":
        slots = [{"id": n, "n_ctx": model.num_ctx, "is_processing": False} for n in range(script.parallel)]
        return json_reply(script, 200, slots)
    return None


def _tokens(script: Script, request: Request) -> Reply:
    """Characters are the tokens here (recordings llama-tokenize, llama-detokenize)."""
    members: Object = msgspec.json.decode(request.body)
    if request.path == "/detokenize":
        return json_reply(script, 200, {"content": "".join(chr(token) for token in members.get("tokens", ()))})
    return json_reply(script, 200, {"tokens": [ord(character) for character in members.get("content", "")]})


def _infill(script: Script, model: ModelScript, request: Request) -> Reply:
    members: Object = msgspec.json.decode(request.body)
    if "input_suffix" not in members:
        raise Problem(500, '"input_suffix" is required')
    prompt = f"{members.get('input_prefix', '')}{members.get('prompt', '')}"
    speech = Speech(answer_to(Ask(suffix=members["input_suffix"] or "\n")), limit=int(members.get("n_predict") or -1),
                    ceiling=model.context_length)  # fmt: skip
    tokens = count_tokens(prompt) + count_tokens(members["input_suffix"])
    if members.get("stream"):
        headers = stream_headers(script)
        return Reply(200, headers, _events(model, speech, tokens), dated=False, closes=True, says_close=False)
    text = "".join(words for _, words in speech.parts())
    return json_reply(script, 200, _last(model, speech, tokens, text))


async def _events(model: ModelScript, speech: Speech, tokens: int) -> AsyncIterator[bytes]:
    """Pieces in llama-server's native shape; no [DONE]."""
    count = 0
    for count, (_, words) in enumerate(speech.parts(), 1):
        figures = {"id_slot": 0, "tokens_predicted": count, "tokens_evaluated": tokens}
        yield event({"index": 0, "content": words, "tokens": [count], "stop": False, **figures})
    yield event(_last(model, speech, tokens, ""))


def _last(model: ModelScript, speech: Speech, tokens: int, text: str) -> Object:
    return {
        "index": 0, "content": text, "tokens": [], "id_slot": 0, "stop": True, "model": model.name,
        "tokens_predicted": speech.count, "tokens_evaluated": tokens, "has_new_line": "\n" in text, "truncated": False,
        "stop_type": "limit" if speech.reason == "length" else "eos", "stopping_word": "", "tokens_cached": tokens,
    }  # fmt: skip
