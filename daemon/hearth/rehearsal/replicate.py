"""A rehearsed Replicate: predictions that are created, streamed, asked for and cancelled (wire/providers §4.7).

Models are named `owner/name`. Of their capabilities "polled" means that there is no stream, "messages" that the input
takes a conversation, "vision" an image, "thinking" an effort; a prompt that holds the word "fail" fails midway.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import msgspec

from hearth.rehearsal.http import Refused, Reply, Request
from hearth.rehearsal.replicate_prediction import CREATED, Prediction
from hearth.rehearsal.script import ModelScript, Script

Object = dict[str, Any]
_NO_JSON = "The request body is not JSON"


def refused(status: int, text: str) -> Reply:
    """An error in the form of RFC 7807."""
    titles = {401: "Unauthenticated", 402: "Payment Required", 404: "Not Found", 422: "Input validation failed"}
    body = {"title": titles.get(status, "Error"), "detail": text, "status": status}
    return _json(status, body, kind="application/problem+json")


def _json(status: int, value: object, kind: str = "application/json") -> Reply:
    return Reply(status, [("Content-Type", kind)], msgspec.json.encode(value))


class Predictions:
    """All predictions of a rehearsal, by their id."""

    def __init__(self) -> None:
        self._known: dict[str, Prediction] = {}

    def answer(self, script: Script, request: Request) -> Reply:
        """Answer one request as Replicate would; raises nothing."""
        try:
            _check_key(script, request)
            return self._route(script, request)
        except Refused as no:
            return refused(no.status, no.text)

    def _route(self, script: Script, request: Request) -> Reply:
        path = request.path.rstrip("/").removeprefix("/v1")
        if request.method == "POST":
            return self._post(script, request, path)
        if found := re.fullmatch(r"/predictions/(\w+)", path):
            return _json(200, self._prediction(found[1]).shown())
        if found := re.fullmatch(r"/streams/(\w+)", path):
            return self._stream(found[1])
        if path == "/collections/language-models":
            models = [described(each) for each in script.models]
            return _json(
                200, {"name": "Language models", "slug": "language-models", "description": "", "models": models}
            )
        if path == "/models":
            return _json(200, {"previous": None, "next": None, "results": [described(each) for each in script.models]})
        if found := re.fullmatch(r"/models/([^/]+/[^/]+)", path):
            return _json(200, described(find(script, found[1])))
        if found := re.fullmatch(r"/models/([^/]+/[^/]+)/versions/(\w+)", path):
            return _json(200, version(find(script, found[1])))
        if found := re.fullmatch(r"/deployments/([^/]+)/([^/]+)", path):
            model = script.models[0]
            release: Object = {"number": 1, "model": model.name, "version": model.full_digest, "created_at": CREATED}
            release["created_by"] = {"type": "organization", "username": found[1], "name": found[1]}
            release["configuration"] = {"hardware": "cpu", "min_instances": 0, "max_instances": 1}
            return _json(200, {"owner": found[1], "name": found[2], "current_release": release})
        raise Refused(404, "The requested resource could not be found.")

    def _post(self, script: Script, request: Request, path: str) -> Reply:
        if found := re.fullmatch(r"/predictions/(\w+)/cancel", path):
            prediction = self._prediction(found[1])
            prediction.cancel()
            return _json(200, prediction.shown())
        members = request.members(Refused(400, _NO_JSON))
        if found := re.fullmatch(r"/models/([^/]+/[^/]+)/predictions", path):
            return self._create(request, find(script, found[1]), members)
        if re.fullmatch(r"/deployments/[^/]+/[^/]+/predictions", path):
            return self._create(request, script.models[0], members)
        if path == "/predictions":
            return self._create(request, _by_version(script, str(members.get("version"))), members)
        raise Refused(404, "The requested resource could not be found.")

    def _create(self, request: Request, model: ModelScript, members: Object) -> Reply:
        given = members.get("input")
        if not isinstance(given, dict):
            raise Refused(422, "- input: is required")
        unknown = sorted(given.keys() - inputs(model).keys())
        if unknown:
            raise Refused(422, f"- input.{unknown[0]}: is not an input of this model")
        base = f"http://{request.header('Host')}/v1"
        prediction = Prediction(secrets.token_hex(13), model, given, base, "polled" not in model.capabilities)
        self._known[prediction.id] = prediction
        return _json(201, prediction.shown(fresh=True))

    def _stream(self, id: str) -> Reply:
        prediction = self._prediction(id)
        headers = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")]
        return Reply(200, headers, prediction.events(), broken=prediction.broken)

    def _prediction(self, id: str) -> Prediction:
        if id not in self._known:
            raise Refused(404, "The requested resource could not be found.")
        return self._known[id]


def _check_key(script: Script, request: Request) -> None:
    scheme, _, key = request.header("Authorization").partition(" ")
    if script.keys and (scheme.lower() not in ("bearer", "token") or key not in script.keys):
        raise Refused(401, "You did not pass a valid authentication token")


def find(script: Script, name: str) -> ModelScript:
    """The model of that name. Raises Refused."""
    for model in script.models:
        if model.name == name:
            return model
    raise Refused(404, "The requested resource could not be found.")


def _by_version(script: Script, wanted: str) -> ModelScript:
    """The model of a version: 64 digits, or `owner/name` with or without them."""
    for model in script.models:
        if wanted in (model.full_digest, model.name, f"{model.name}:{model.full_digest}"):
            return model
    raise Refused(422, "- version: The specified version does not exist (or perhaps you don't have permission)")


def described(model: ModelScript) -> Object:
    """A model as it is listed."""
    owner, _, name = model.name.partition("/")
    return {
        "url": f"https://replicate.com/{model.name}",
        "owner": owner,
        "name": name,
        "description": "A model of the rehearsal",
        "visibility": "public",
        "github_url": None,
        "paper_url": None,
        "license_url": None,
        "run_count": 7,
        "cover_image_url": None,
        "default_example": None,
        "latest_version": version(model),
    }


def version(model: ModelScript) -> Object:
    """A version with the schema of its input."""
    schemas = {
        "Input": {"type": "object", "title": "Input", "properties": inputs(model)},
        "Output": {"type": "array", "items": {"type": "string"}, "x-cog-array-type": "iterator"},
    }
    schema = {"openapi": "3.1.0", "info": {"title": "Cog"}, "paths": {}, "components": {"schemas": schemas}}
    return {"id": model.full_digest, "created_at": CREATED, "cog_version": "0.16.0", "openapi_schema": schema}


def inputs(model: ModelScript) -> Object:
    """The properties of a model's input."""
    number, whole, text = {"type": "number"}, {"type": "integer"}, {"type": "string"}
    found: Object = {"temperature": number, "top_p": number, "seed": whole}
    if "messages" in model.capabilities:
        found |= {"messages": {"type": "array", "items": {"type": "object"}}, "max_completion_tokens": whole}
    else:
        found |= {"prompt": text, "system_prompt": text, "max_tokens": whole, "stop_sequences": text}
    if "vision" in model.capabilities:
        found["image"] = {"type": "string", "format": "uri"}
    if "thinking" in model.capabilities:
        found["reasoning_effort"] = {"allOf": [{"$ref": "#/components/schemas/reasoning_effort"}]}
    return found
