"""A rehearsed Cohere: its routes, its key check, its form of errors, its models (wire/providers §4.9)."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

import msgspec

from hearth.rehearsal import cohere_chat
from hearth.rehearsal.content import count_tokens
from hearth.rehearsal.http import Refused, Reply, Request
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.vectors import normalised, vector

Object = dict[str, Any]
MOST_TEXTS = 96
PURPOSES = {"search_document", "search_query", "classification", "clustering", "image"}
_NO_JSON = "invalid json syntax"


def answer(script: Script, request: Request) -> Reply:
    """Answer one request as Cohere would; raises nothing."""
    try:
        _check_key(script, request)
        return _route(script, request)
    except Refused as no:
        return refused(no.status, no.text)


def refused(status: int, text: str) -> Reply:
    """An error in Cohere's form."""
    return _json(status, {"id": str(uuid.uuid4()), "message": text})


def _json(status: int, value: object) -> Reply:
    headers = [("Content-Type", "application/json"), ("X-Debug-Trace-Id", secrets.token_hex(16))]
    return Reply(status, headers, msgspec.json.encode(value))


def _check_key(script: Script, request: Request) -> None:
    scheme, _, key = request.header("Authorization").partition(" ")
    if script.keys and not key:
        raise Refused(401, "no api key supplied")
    if script.keys and (scheme.lower() != "bearer" or key not in script.keys):
        raise Refused(401, "invalid api token")


def _route(script: Script, request: Request) -> Reply:
    path = request.path.rstrip("/")
    if request.method == "GET" and path.endswith("/v1/models"):
        return _json(200, {"models": [_listed(model) for model in script.models]})
    if request.method == "POST" and path.endswith("/v2/chat"):
        return cohere_chat.chat(script, request.members(Refused(400, _NO_JSON)))
    if request.method == "POST" and path.endswith("/v2/embed"):
        return _embed(script, request.members(Refused(400, _NO_JSON)))
    raise Refused(404, f"path not found: {request.path}")


def _listed(model: ModelScript) -> Object:
    features = {"tools": "tools", "thinking": "reasoning", "vision": "vision"}
    return {
        "name": model.name,
        "endpoints": ["embed"] if model.embeds else ["chat"],
        "finetuned": False,
        "context_length": float(model.context_length),
        "tokenizer_url": None,
        "default_endpoints": [],
        "is_deprecated": False,
        "features": None
        if model.embeds
        else ["json_mode", "json_schema", *(word for name, word in features.items() if name in model.capabilities)],
    }


def _embed(script: Script, members: Object) -> Reply:
    model = cohere_chat.find(script, members.get("model"))
    texts = members.get("texts")
    if members.get("input_type") not in PURPOSES:
        raise Refused(400, "invalid request: valid input_type must be provided with the provided model")
    if not isinstance(texts, list) or not texts:
        raise Refused(400, "invalid request: texts, images or inputs must be provided")
    if len(texts) > MOST_TEXTS:
        raise Refused(400, f"invalid request: total number of texts must be at most {MOST_TEXTS}")
    tokens = [count_tokens(str(text)) for text in texts]
    if members.get("truncate") == "NONE" and max(tokens) > model.context_length:
        raise Refused(400, f"invalid request: too many tokens: the limit is {model.context_length}")
    size = int(members.get("output_dimension") or model.embedding_length)
    rows = [normalised(vector(str(text), model.embedding_length)[:size]) for text in texts]
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": float(sum(tokens))}}
    return _json(
        200,
        {
            "id": str(uuid.uuid4()),
            "texts": texts,
            "embeddings": {"float": rows},
            "meta": meta,
            "response_type": "embeddings_by_type",
        },
    )
