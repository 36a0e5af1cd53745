"""A provider's error, in Anthropic's envelope or in one much like it, as the problem it is (wire/providers §4.2)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from hearth.dialects import failures
from hearth.dialects.dialect import Head
from hearth.dialects.failures import MAX_RAW, clean
from hearth.dialects.retry_after import read_retry_after
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import (
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    NotPermitted,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
)

_CONTEXT = re.compile(
    r"prompt is too long|input is too long|exceeds? (?:the )?(?:available )?context"
    r"|context (?:length|window|size|limit)",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"credit balance|usage limits?\b.*(?:regain|reached|exceeded)|insufficient balance", re.IGNORECASE)
_MODEL = re.compile(r"\bmodel\b", re.IGNORECASE)
_TYPES: dict[str, type[Problem]] = {
    "exceed_context_size_error": ContextTooLong,
    "authentication_error": KeyRefused,
    "permission_error": NotPermitted,
    "billing_error": QuotaSpent,
    "rate_limit_error": RateLimited,
    "overloaded_error": Overloaded,
    "timeout_error": TimedOut,
    "conflict_error": ProviderFault,
    "request_too_large": ProviderRefusal,
    "invalid_request_error": ProviderRefusal,
    "api_error": ProviderFault,
}
_STATUSES: dict[int, type[Problem]] = {
    **failures.STATUSES,
    405: ProviderFault,
    409: ProviderFault,
    529: Overloaded,
}


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem of an error reply; `Retry-After` counts by the reply's own clock."""
    redirect = failures.redirected(head, provider)
    if redirect is not None:
        return redirect
    return _problem(_error_of(body), head.status, provider, read_retry_after(head), body[:MAX_RAW])


def from_reply(body: bytes, status: int | None, provider: str) -> Problem | None:
    """Return the problem that a body is in spite of a good status; None when it is none."""
    error = _error_of(body)
    return _problem(error, None if status == 200 else status, provider, None, body[:MAX_RAW]) if error else None


def from_error(error: object, provider: str) -> Problem:
    """Return the problem of an `error` record in a stream."""
    found = error if isinstance(error, dict) else {"message": error if isinstance(error, str) else ""}
    return _problem(found, None, provider, None, b"")


def _error_of(body: bytes) -> dict[str, Any]:
    """Return the object `error` of a body, {} where there is none; a text in its place is its message."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return {}
    if not isinstance(found, dict):
        return {}
    error = found.get("error", found if found.get("type") == "error" else {})
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _problem(error: dict[str, Any], status: int | None, provider: str, wait: float | None, raw: bytes) -> Problem:
    said, type_ = error.get("message"), error.get("type")
    words = said if isinstance(said, str) else ""
    kind = _kind(type_ if isinstance(type_, str) else "", words, _status(error, status))
    step = failures.next_step(kind, status, provider)
    return kind(
        failures.as_sentence(words, status, step),
        who=provider,
        next_step=step,
        retry_after=wait,
        code=clean(type_) if isinstance(type_, str) and type_ else None,
        upstream_status=status,
        raw=raw,
    )


def _status(error: dict[str, Any], status: int | None) -> int | None:
    """Return the status: the reply's own, or the one that llama-server writes into its errors."""
    code = error.get("code")
    return code if status is None and isinstance(code, int) and 400 <= code < 600 else status


def _kind(type_: str, words: str, status: int | None) -> type[Problem]:
    """Return the class of an error: words about length and money weigh most, then its type, then the status."""
    if type_ != "rate_limit_error" and status not in (429, 529) and _CONTEXT.search(words):
        return ContextTooLong
    if _QUOTA.search(words):
        return QuotaSpent
    if type_ == "not_found_error" or (not type_ and status in (404, 410)):
        return ModelMissing if _MODEL.search(words) else ProviderFault
    if type_ in _TYPES and not (type_ == "api_error" and status in _STATUSES):
        return _TYPES[type_]
    return failures.by_status(status, _STATUSES)
