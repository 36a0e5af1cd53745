"""A rehearsed Gemini API, Vertex's form of it, and the place that gives tokens (wire/providers §4.3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, unquote

import msgspec

from hearth.rehearsal.content import Ask, answer_to, count_tokens
from hearth.rehearsal.gemini_checks import Problem, check, check_key, is_vertex
from hearth.rehearsal.gemini_form import Form, broken, event, prompt_tokens
from hearth.rehearsal.http import Reply, Request
from hearth.rehearsal.script import ModelScript, Script
from hearth.rehearsal.speech import Speech
from hearth.rehearsal.vectors import normalised, vector

Object = dict[str, Any]
PAGE = 4
"""How many models a page of the list holds here, whatever was asked for: so that lists have several."""
TOKEN = "ya29.rehearsed"  # noqa: S105 -- what the place of tokens gives if the script names no key
_GRANTS = ("urn:ietf:params:oauth:grant-type:jwt-bearer", "client_credentials", "refresh_token")


def answer(script: Script, request: Request) -> Reply:
    """Answer one request as Google would; raises nothing."""
    try:
        if request.path.endswith("/token"):
            return _token(script, request)
        check_key(script, request)
        return _route(script, request)
    except Problem as problem:
        return _json(problem.status, problem.body())


def refused(status: int, text: str) -> Reply:
    """The error that a fault asks for."""
    return _json(status, Problem(status, text).body())


def _json(status: int, value: object) -> Reply:
    return Reply(status, [("Content-Type", "application/json; charset=UTF-8")], msgspec.json.encode(value))


def _token(script: Script, request: Request) -> Reply:
    """A token for a signed assertion, or for an id with its secret (RFC 6749, RFC 7523)."""
    said = parse_qs(request.body.decode())
    if said.get("grant_type", [""])[0] not in _GRANTS:
        return _json(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})
    if not (said.get("assertion") or said.get("client_secret")):
        return _json(400, {"error": "invalid_grant", "error_description": "Bad Request"})
    token = script.keys[0] if script.keys else TOKEN
    return _json(200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"})


def _route(script: Script, request: Request) -> Reply:
    path = unquote(request.path)
    _, found, rest = path.rpartition("/models")
    if request.method == "GET" and found and not rest:
        return _models(script, request)
    if not found and "/tunedModels/" in path:  # a tuned model's name is a path of its own
        _, found, rest = path.rpartition("/tunedModels/")
        rest = f"tunedModels/{rest}"
    name, _, verb = rest.removeprefix("/").partition(":")
    if request.method != "POST" or not found or not verb:
        raise Problem(404, "Requested entity was not found.")
    model = next((one for one in script.models if one.name == name), None)
    if model is None:
        raise Problem(404, f"models/{name} is not found for API version v1beta, or is not supported for {verb}.")
    members = request.members(Problem(400, "Invalid JSON payload received."))
    match verb:
        case "generateContent" | "streamGenerateContent":
            return _generate(model, members, request, streams=verb.startswith("stream"))
        case "countTokens":
            asked = members.get("generateContentRequest") or members
            return _json(200, {"totalTokens": prompt_tokens(asked)})
        case "batchEmbedContents":
            return _json(200, {"embeddings": [_vector(model, one) for one in members.get("requests") or ()]})
        case "embedContent":
            return _json(200, {"embedding": _vector(model, members)})
        case "predict" if is_vertex(request):
            return _json(200, {"predictions": [_prediction(model, members, one) for one in members["instances"]]})
    raise Problem(404, "Requested entity was not found.")


def _models(script: Script, request: Request) -> Reply:
    """A page of the list; the token of the next one is where it begins."""
    query = parse_qs(request.target.partition("?")[2])
    first = int(query.get("pageToken", ["0"])[0])
    if is_vertex(request):
        rows: list[Object] = [{"name": f"publishers/google/models/{model.name}"} for model in script.models]
        return _json(200, {"publisherModels": rows})
    page: Object = {"models": [_listed(model) for model in script.models[first : first + PAGE]]}
    more = first + PAGE < len(script.models)
    return _json(200, page | ({"nextPageToken": str(first + PAGE)} if more else {}))


def _listed(model: ModelScript) -> Object:
    methods = ["embedContent", "batchEmbedContents"] if model.embeds else ["generateContent", "countTokens"]
    return {
        "name": f"models/{model.name}", "version": "001", "displayName": model.name,
        "inputTokenLimit": model.context_length, "outputTokenLimit": 4096, "supportedGenerationMethods": methods,
        "temperature": 1, "topP": 0.95, "topK": 64, "thinking": "thinking" in model.capabilities,
    }  # fmt: skip


def _vector(model: ModelScript, wanted: Object) -> Object:
    text = " ".join(str(part.get("text") or "") for part in wanted["content"]["parts"])
    size = int(wanted.get("outputDimensionality") or model.embedding_length)
    return {"values": normalised(vector(text, model.embedding_length)[:size])}


def _prediction(model: ModelScript, members: Object, instance: Object) -> Object:
    size = int((members.get("parameters") or {}).get("outputDimensionality") or model.embedding_length)
    text = str(instance["content"])
    values = normalised(vector(text, model.embedding_length)[:size])
    return {"embeddings": {"values": values, "statistics": {"token_count": count_tokens(text), "truncated": False}}}


def _generate(model: ModelScript, members: Object, request: Request, *, streams: bool) -> Reply:
    vertex = is_vertex(request)
    check(model, members, vertex=vertex)
    tokens = prompt_tokens(members)
    if tokens > model.context_length:
        raise Problem(
            400,
            f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({model.context_length}).",
        )
    ask = _ask(members, model)
    if "forbidden" in ask.prompt:
        feedback = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        return _sent(model, [feedback | {"usageMetadata": {"promptTokenCount": tokens}}], request, streams=streams)
    config = members.get("generationConfig") or {}
    limit = config.get("maxOutputTokens", -1)
    stops = tuple(config.get("stopSequences") or ())
    speech = Speech(answer_to(ask), limit=limit, ceiling=10 * model.context_length, stops=stops)
    form = Form(model, members, tokens, vertex=vertex)
    if streams:
        return _streamed(model, form.records(speech), request)
    parts = list(speech.parts())
    reply = _json(200, {})
    reply.body = form.whole(parts, speech)
    reply.wait = model.seconds_for(len(parts))
    return reply


def _sent(model: ModelScript, chunks: list[Object], request: Request, *, streams: bool) -> Reply:
    return _streamed(model, iter(chunks), request) if streams else _json(200, chunks[0])


def _streamed(model: ModelScript, chunks: Any, request: Request) -> Reply:  # noqa: ANN401 - any iterator of chunks
    """A stream of events with `alt=sse`, else one array."""
    if "alt=sse" in request.target.partition("?")[2]:
        head = [("Content-Type", "text/event-stream")]
        return Reply(200, head, _paced(model, chunks, event), broken=_broken)
    head = [("Content-Type", "application/json; charset=UTF-8")]
    return Reply(200, head, _array(model, chunks), broken=_broken)


def _broken(text: str) -> bytes:
    return broken(Problem(503, text).body())


async def _paced(model: ModelScript, chunks: Any, form: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - as above
    await asyncio.sleep(model.prompt_seconds)
    for chunk in chunks:
        if model.pace:
            await asyncio.sleep(model.pace)
        yield form(chunk)


async def _array(model: ModelScript, chunks: Any) -> AsyncIterator[bytes]:  # noqa: ANN401 - as above
    before = b"["
    async for chunk in _paced(model, chunks, msgspec.json.encode):
        yield before + msgspec.json.format(chunk, indent=2)
        before = b"\n,\r\n"
    yield b"\n]\n"


def _ask(members: Object, model: ModelScript) -> Ask:
    """What the request asks for."""
    turns = [turn for turn in members["contents"] if turn.get("role", "user") == "user"]
    texts = [" ".join(str(part["text"]) for part in turn["parts"] if part.get("text")) for turn in turns]
    tools = tuple(
        str(one["name"]) for tool in members.get("tools") or () for one in tool.get("functionDeclarations") or ()
    )
    calling = (members.get("toolConfig") or {}).get("functionCallingConfig") or {}
    thinking = (members.get("generationConfig") or {}).get("thinkingConfig") or {}
    forced = tuple(calling.get("allowedFunctionNames") or tools[:1]) if calling.get("mode") == "ANY" else ()
    return Ask(
        prompt=next((text for text in reversed(texts) if text), ""),
        after_tool=any("functionResponse" in part for part in members["contents"][-1]["parts"]),
        tools=tools if calling.get("mode") != "NONE" else (), forced=forced, says=model.says,
        thinks="thinking" in model.capabilities and thinking.get("thinkingBudget") != 0,
        wants_json=(members.get("generationConfig") or {}).get("responseMimeType") == "application/json",
    )  # fmt: skip
