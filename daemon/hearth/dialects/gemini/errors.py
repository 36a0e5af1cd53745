"""Problems as clients of this dialect know them: `{"error": {code, message, status, details}}` (google.rpc.Status)."""

from __future__ import annotations

from typing import Any

import msgspec

from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import own_body, retry_after, wait
from hearth.problems import Problem, ProviderRefusal

_STATUSES = {
    "bad_request": "INVALID_ARGUMENT",
    "too_large": "INVALID_ARGUMENT",
    "context_too_long": "INVALID_ARGUMENT",
    "unsupported": "INVALID_ARGUMENT",
    "wrong_media_type": "INVALID_ARGUMENT",
    "unauthorized": "UNAUTHENTICATED",
    "forbidden": "PERMISSION_DENIED",
    "wrong_host": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "unknown_model": "NOT_FOUND",
    "wrong_method": "UNIMPLEMENTED",
    "slow_request": "DEADLINE_EXCEEDED",
    "queue_full": "UNAVAILABLE",
    "shutting_down": "UNAVAILABLE",
    "cancelled": "CANCELLED",
    "internal": "INTERNAL",
    "provider_error": "INTERNAL",
    "unreachable": "UNAVAILABLE",
    "timed_out": "DEADLINE_EXCEEDED",
    "app_limited": "RESOURCE_EXHAUSTED",
    "rate_limited": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "broken_reply": "INTERNAL",
    "key_refused": "INTERNAL",
    "not_permitted": "INTERNAL",
    "quota_spent": "RESOURCE_EXHAUSTED",
    "budget": "PERMISSION_DENIED",
    "model_missing": "NOT_FOUND",
    "provider_refusal": "INVALID_ARGUMENT",
    "content_filtered": "INVALID_ARGUMENT",
}
"""Kind of a problem -> the name of its status (google.rpc.Code)."""
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_JSON = ("Content-Type", "application/json; charset=UTF-8")


def envelope(problem: Problem) -> bytes:
    """Return the error as JSON bytes: with a delay where one is known, and with our own word for what happened."""
    details: list[dict[str, Any]] = [{"@type": _INFO, "reason": problem.kind.upper(), "domain": "hearth"}]
    seconds = wait(problem)
    if seconds is not None:
        details.append({"@type": _RETRY, "retryDelay": f"{seconds}s"})
    error = {
        "code": problem.http_status,
        "message": problem.text,
        "status": _STATUSES.get(problem.kind, "UNKNOWN"),
        "details": details,
    }
    return msgspec.json.encode({"error": error})


def render(problem: Problem) -> Rendered:
    """Return a whole error reply; a Gemini's own envelope passes as it came when its status does too."""
    body = problem.raw if _passes(problem) else envelope(problem)
    return Rendered(problem.http_status, (_JSON, *retry_after(problem)), body)


class _Error(msgspec.Struct):
    code: int
    message: str
    status: str


class _Envelope(msgspec.Struct):
    error: _Error


_decode = msgspec.json.Decoder(_Envelope).decode


def _passes(problem: Problem) -> bool:
    """Say whether the provider's refusal can be shown as it came: of the same status, and in this very envelope."""
    return isinstance(problem, ProviderRefusal) and own_body(problem, _decode) is not None
