"""How OpenAI-compatible providers put things: JSON, headers, ids, errors (wire/providers §4.1, §5.1)."""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from hearth.rehearsal.error_shapes import SHAPES
from hearth.rehearsal.http import HeaderList, Refused, Reply
from hearth.rehearsal.script import ModelScript, Script

Object = dict[str, Any]
KINDS = {
    401: "invalid_request_error", 402: "insufficient_quota", 403: "permission_error", 429: "rate_limit_error",
    500: "server_error", 503: "server_error",
}  # fmt: skip
LLAMA_KINDS = {
    401: "authentication_error", 404: "not_found_error", 500: "server_error", 501: "not_supported_error",
    503: "unavailable_error",
}  # fmt: skip


class Problem(Refused):
    """A refusal, with what OpenAI's envelope adds."""

    def __init__(
        self, status: int, text: str, *, code: str | None = None, param: str | None = None, more: Object | None = None
    ) -> None:
        super().__init__(status, text)
        self.code = code
        self.param = param
        self.more = more or {}

    @property
    def kind(self) -> str:
        """The error's `type`."""
        return KINDS.get(self.status, "invalid_request_error")

    def body(self) -> Object:
        """The envelope."""
        return {"error": {"message": self.text, "type": self.kind, "param": self.param, "code": self.code, **self.more}}


def problem_reply(script: Script, problem: Problem) -> Reply:
    """The provider's own form of an error."""
    body = problem.body()
    status = problem.status
    if script.flavour == "xai":
        # Sometimes with status 200, and as JSON on a stream request too (wire/providers §4.14).
        status = 200 if problem.code else status
        body = {"code": problem.code or str(problem.status), "error": problem.text}
    elif script.flavour == "openrouter":
        body = {"error": {"code": problem.status, "message": problem.text, **problem.more}}
    elif script.flavour == "huggingface":
        body = {"error": problem.text}
    elif script.flavour == "mistral":
        body = {"object": "error", "message": problem.text, "type": problem.kind, "param": None, "code": str(status)}
        body = {"detail": problem.more["detail"]} if "detail" in problem.more else body
    elif script.flavour == "llama-server":
        kind = problem.code if problem.more else LLAMA_KINDS.get(problem.status, "invalid_request_error")
        body = {"error": {"code": problem.status, "message": problem.text, "type": kind, **problem.more}}
        if problem.status in {401, 404, 503}:  # these come from its router, which has another order
            body = {"error": {"message": problem.text, "type": kind, "code": problem.status}}
    elif script.flavour in SHAPES:
        status, body = SHAPES[script.flavour](problem)
    return json_reply(script, status, body, closes=script.flavour == "llama-server")


def json_reply(script: Script, status: int, value: object, *, closes: bool = False) -> Reply:
    """A whole JSON reply with the provider's headers."""
    if script.flavour == "llama-server":
        tail = [("Connection", "close")] if closes else [("Keep-Alive", "timeout=5, max=100")]
        headers = [*_llama_headers(), ("Content-Type", "application/json; charset=utf-8")]
        return Reply(status, headers, msgspec.json.encode(value), dated=False, tail=tail, closes=closes)
    headers = [("Content-Type", "application/json"), *_request_id()]
    return Reply(status, headers, msgspec.json.encode(value))


def stream_headers(script: Script) -> HeaderList:
    """The head of an event stream."""
    if script.flavour == "llama-server":
        return [*_llama_headers(), ("X-Accel-Buffering", "no"), ("Content-Type", "text/event-stream")]
    return [("Content-Type", "text/event-stream; charset=utf-8"), ("Cache-Control", "no-cache"), *_request_id()]


def _llama_headers() -> HeaderList:
    return [("Server", "llama.cpp"), ("Access-Control-Allow-Origin", "")]


def _request_id() -> HeaderList:
    return [("x-request-id", f"req_{secrets.token_hex(16)}")]


def event(value: object) -> bytes:
    """One SSE event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def find(script: Script, name: object) -> ModelScript:
    """The provider's model of that name; a llama-server has one and takes any name."""
    for model in script.models:
        if model.name == name:
            return model
    if script.flavour == "llama-server" and script.models:
        return script.models[0]
    if not name:
        raise Problem(400, "you must provide a model parameter")
    text = f"The model `{name}` does not exist or you do not have access to it."
    raise Problem(404, text, code="model_not_found")
