"""Problems as clients of this dialect know them: `{"type":"error","error":{type, message},"request_id"}` (§4.2)."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Struct, UnsetType

from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import own_body, retry_headers
from hearth.problems import ContextTooLong, Problem, ProviderRefusal

_BY_KIND = {
    "too_large": "request_too_large",
    "unauthorized": "authentication_error",
    "forbidden": "permission_error",
    "not_found": "not_found_error",
    "unknown_model": "not_found_error",
    "model_missing": "not_found_error",
    "queue_full": "overloaded_error",
    "shutting_down": "overloaded_error",
    "overloaded": "overloaded_error",
    "app_limited": "rate_limit_error",
    "rate_limited": "rate_limit_error",
    "quota_spent": "billing_error",
    "timed_out": "timeout_error",
}
_BY_STATUS = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_TOO_LONG = "prompt is too long"
"""How the real server begins its refusal of a prompt beyond the window: clients look for it, and compact."""
_JSON = ("Content-Type", "application/json")


def error_body(problem: Problem, request_id: str | None = None) -> bytes:
    """Return the error as JSON bytes."""
    return msgspec.json.encode(
        {
            "type": "error",
            "error": {"type": error_type(problem), "message": _words(problem)},
            "request_id": request_id,
        }
    )


def error_type(problem: Problem) -> str:
    """Return Anthropic's name for a problem; a provider's refusal goes by its status."""
    if isinstance(problem, ProviderRefusal):
        return _BY_STATUS.get(problem.http_status, "invalid_request_error")
    named = _BY_KIND.get(problem.kind)
    if named is not None:
        return named
    status = problem.http_status
    return _BY_STATUS.get(status, "invalid_request_error" if status < 500 else "api_error")


def _words(problem: Problem) -> str:
    text = problem.text
    if isinstance(problem, ContextTooLong) and _TOO_LONG not in text.lower():
        return f"{_TOO_LONG}: {text}"
    return text


def render(problem: Problem) -> Rendered:
    """Return a whole error reply: status, headers and body.

    A provider's own envelope passes as it came when its status does too. A client is told not to repeat our retries.
    """
    body = problem.raw if _passes(problem) else error_body(problem)
    return Rendered(problem.http_status, (_JSON, *retry_headers(problem)), body)


def named(rendered: Rendered, id: str) -> Rendered:
    """Return an error reply that carries the call's id: in the header `request-id`, and in a body that has none."""
    name = f"req_{id}"
    body = rendered.body
    unnamed = b'"request_id":null}'
    if body.endswith(unnamed):
        body = body.removesuffix(unnamed) + b'"request_id":"%b"}' % name.encode()
    return Rendered(rendered.status, (*rendered.headers, ("request-id", name)), body)


def _passes(problem: Problem) -> bool:
    """Say whether the provider's error body can be shown as it came: a 4xx of the same status in this very envelope."""
    body = own_body(problem, _decode)
    return body is not None and body.type == "error" and bool(body.error.message)


class _Error(Struct):
    message: str
    type: str


class _Envelope(Struct):
    """Anthropic's envelope; OpenAI's has no `type` beside `error`."""

    error: _Error
    type: str | UnsetType = UNSET


_decode = msgspec.json.Decoder(_Envelope).decode
