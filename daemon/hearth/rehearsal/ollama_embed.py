"""Ollama's embeddings: /api/embed, the legacy /api/embeddings, and /v1/embeddings (recordings embed-*)."""

from __future__ import annotations

import time
from typing import Any

from hearth.rehearsal.content import count_tokens
from hearth.rehearsal.engine import Engine
from hearth.rehearsal.generation import load
from hearth.rehearsal.golang import JSON_BARE, Refusal, lowered, whole
from hearth.rehearsal.http import Reply
from hearth.rehearsal.ollama_requests import find, wish
from hearth.rehearsal.openai_embeddings import encoded
from hearth.rehearsal.script import ModelScript
from hearth.rehearsal.vectors import normalised, vector

Object = dict[str, Any]
PULL_FIRST = 'model "{}" not found, try pulling it first'
TOO_LONG = "the input length exceeds the context length"
NO_EMBEDDINGS = "This server does not support embeddings. Start it with `--embeddings`"


async def embed(engine: Engine, members: Object) -> Reply:
    """Answer POST /api/embed; an empty string only loads."""
    started = time.monotonic_ns()
    texts = _texts(members.get("input"))
    asked = str(members.get("model") or "")
    model = find(engine, asked, PULL_FIRST if asked else "model '{}' not found")
    if texts in ([], [""]):
        await _embedded(engine, model, members, [])
        return whole(200, {"model": asked, "embeddings": []})
    vectors, tokens, load_ns = await _embedded(engine, model, members, texts)
    figures = {"total_duration": time.monotonic_ns() - started, "load_duration": load_ns, "prompt_eval_count": tokens}
    return whole(200, {"model": asked, "embeddings": vectors, **figures})


async def embeddings(engine: Engine, members: Object) -> Reply:
    """Answer the legacy POST /api/embeddings: one prompt, never truncated."""
    asked = str(members.get("model") or "")
    if not asked:
        raise Refusal(400, "model is required")
    model = find(engine, asked, PULL_FIRST)
    prompt = str(members.get("prompt") or "")
    try:
        vectors, _, _ = await _embedded(engine, model, {**members, "truncate": False}, [prompt] if prompt else [])
    except Refusal as refusal:
        raise Refusal(500 if refusal.text == TOO_LONG else refusal.status, refusal.text) from None
    return whole(200, {"embedding": vectors[0] if vectors else []})


async def v1_embeddings(engine: Engine, members: Object) -> Reply:
    """Answer POST /v1/embeddings; here an empty string has a vector."""
    form = members.get("encoding_format")
    if form not in (None, "", "float", "base64"):
        text = f"Invalid value for 'encoding_format' = {form}. Supported values: ['float', 'base64']."
        raise Refusal(400, text, early=True)
    if members.get("input") in (None, []):
        raise Refusal(400, "invalid input", early=True)
    texts = _texts(members["input"])
    asked = str(members.get("model") or "")
    model = find(engine, asked, PULL_FIRST if asked else "model '{}' not found")
    vectors, tokens, _ = await _embedded(engine, model, members, texts)
    data = [
        {"object": "embedding", "embedding": encoded(numbers, form), "index": index}
        for index, numbers in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return whole(200, {"object": "list", "data": data, "model": asked, "usage": usage}, JSON_BARE, newline=True)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return list(value)
    raise Refusal(400, "invalid input type")


async def _embedded(
    engine: Engine, model: ModelScript, members: Object, texts: list[str]
) -> tuple[list[list[float]], int, int]:
    """The vectors, the tokens they took, and the nanoseconds of the load."""
    wanted = wish(members, lowered(members.get("options") or {}))
    runner, load_ns = await load(engine, model, wanted)
    try:
        if texts and not model.embeds:
            raise Refusal(501, NO_EMBEDDINGS)
        counts = [count_tokens(text) + 1 for text in texts]
        limit = runner.num_ctx - 1
        if members.get("truncate") is False and any(count > limit for count in counts):
            raise Refusal(400, TOO_LONG)
        size = int(members.get("dimensions") or 0) or model.embedding_length
        vectors = [normalised(vector(text, model.embedding_length)[:size]) for text in texts]
        return vectors, sum(min(count, limit) for count in counts), load_ns
    finally:
        engine.release(runner)
