"""Problems as OpenAI's clients know them: `{"error": {message, type, param, code}}` (wire/providers §5.1)."""

from __future__ import annotations

import msgspec

from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import own_body, retry_headers
from hearth.problems import (
    ContextTooLong,
    Problem,
    ProviderRefusal,
    Unsupported,
)

_NAMES: dict[str, tuple[str, str | None]] = {
    "bad_request": ("invalid_request_error", None),
    "too_large": ("invalid_request_error", "request_too_large"),
    "context_too_long": ("invalid_request_error", "context_length_exceeded"),
    "unsupported": ("invalid_request_error", "unsupported_parameter"),
    "wrong_media_type": ("invalid_request_error", "unsupported_media_type"),
    "unauthorized": ("invalid_request_error", "invalid_api_key"),
    "forbidden": ("permission_error", "forbidden"),
    "wrong_host": ("invalid_request_error", "wrong_host"),
    "not_found": ("invalid_request_error", "unknown_url"),
    "unknown_model": ("invalid_request_error", "model_not_found"),
    "wrong_method": ("invalid_request_error", "method_not_allowed"),
    "slow_request": ("invalid_request_error", "request_timeout"),
    "app_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "queue_full": ("server_error", "server_is_overloaded"),
    "shutting_down": ("server_error", "shutting_down"),
    "cancelled": ("invalid_request_error", "request_cancelled"),
    "superseded": ("invalid_request_error", "request_cancelled"),
    "internal": ("server_error", "internal_error"),
    "provider_error": ("server_error", "upstream_error"),
    "unreachable": ("server_error", "upstream_unreachable"),
    "timed_out": ("server_error", "upstream_timeout"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "overloaded": ("server_error", "server_is_overloaded"),
    "broken_reply": ("server_error", "upstream_broken_reply"),
    "key_refused": ("server_error", "upstream_key_refused"),
    "not_permitted": ("server_error", "upstream_not_permitted"),
    "budget": ("insufficient_quota", "budget"),
    "quota_spent": ("insufficient_quota", "insufficient_quota"),
    "model_missing": ("invalid_request_error", "model_not_found"),
    "provider_refusal": ("invalid_request_error", None),
    "content_filtered": ("invalid_request_error", "content_filter"),
}
"""Kind of a problem -> (type, code): OpenAI's own words where it has them, since clients branch on them."""

_OWN_CODE = (ProviderRefusal, Unsupported)
"""Problems whose own `code` says more than the table: a provider's word for why it refused, a parameter's name."""
_JSON = ("Content-Type", "application/json")


def envelope(problem: Problem) -> bytes:
    """Return the error as JSON bytes."""
    kind, code = _NAMES.get(problem.kind, ("server_error", None))
    own = problem.code if isinstance(problem, _OWN_CODE) or code in (None, "upstream_broken_reply") else None
    param = problem.param
    if param is None and isinstance(problem, ContextTooLong):
        param = "messages"
    error = {"message": problem.text, "type": kind, "param": param, "code": own or code}
    return msgspec.json.encode({"error": error})


def render(problem: Problem) -> Rendered:
    """Return a whole error reply: status, headers and body.

    A provider's own envelope passes as it came when its status does too. A client is told not to repeat our retries.
    """
    body = problem.raw if passes(problem) else envelope(problem)
    return Rendered(problem.http_status, (_JSON, *retry_headers(problem)), body)


def passes(problem: Problem) -> bool:
    """Say whether the provider's error body can be shown as it came: a 4xx of the same status in this very envelope."""
    body = own_body(problem, _decode)
    return body is not None and bool(body.error.message) and body.type is msgspec.UNSET


class _Error(msgspec.Struct):
    message: str
    type: str
    code: str | int | None = None


class _Envelope(msgspec.Struct):
    """OpenAI's envelope; one with a `type` beside `error` is Anthropic's."""

    error: _Error
    type: str | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(_Envelope).decode
