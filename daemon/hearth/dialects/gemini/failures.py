"""A Google error as the problem it is: google.rpc.Status with its details, whole, in an array, or in a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects import failures
from hearth.dialects.dialect import Head
from hearth.dialects.failures import MAX_RAW
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
    r"input token count|exceeds the maximum number of tokens|context (?:length|window)", re.IGNORECASE
)
_DAILY = re.compile(r"per ?day|daily", re.IGNORECASE)
_BILLING = re.compile(r"prepayment|credits? (?:are|is) depleted|spending (?:cap|limit)", re.IGNORECASE)
_MODEL = re.compile(r"models?/|publisher model|not found for api version", re.IGNORECASE)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)s")

_BY_STATUS: dict[str, type[Problem]] = {
    "INVALID_ARGUMENT": ProviderRefusal,
    "FAILED_PRECONDITION": ProviderRefusal,
    "OUT_OF_RANGE": ProviderRefusal,
    "UNAUTHENTICATED": KeyRefused,
    "PERMISSION_DENIED": NotPermitted,
    "NOT_FOUND": ProviderFault,
    "RESOURCE_EXHAUSTED": RateLimited,
    "INTERNAL": ProviderFault,
    "UNKNOWN": ProviderFault,
    "UNAVAILABLE": Overloaded,
    "DEADLINE_EXCEEDED": TimedOut,
    "CANCELLED": ProviderFault,
    "ABORTED": ProviderFault,
}
_BY_CODE: dict[int, type[Problem]] = {**failures.STATUSES, 404: ProviderFault, 499: ProviderFault}


class Said(Struct):
    """What an error says."""

    code: int | None = None
    message: str = ""
    status: str = ""
    reasons: tuple[str, ...] = ()
    quotas: tuple[str, ...] = ()
    wait: float | None = None


def parse(body: bytes) -> Said | None:
    """Return what an error body says; None for a body that is no error."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    if isinstance(found, list) and found:
        found = found[-1]
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, str):
        description = found.get("error_description")
        return Said(message=f"{error}: {description}" if isinstance(description, str) else error)
    return _said(error) if isinstance(error, dict) else None


def _said(error: dict[str, Any]) -> Said:
    told = error.get("details")
    details = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return Said(
        code=error["code"] if type(error.get("code")) is int else None,
        message=_text(error.get("message")),
        status=_text(error.get("status")),
        reasons=tuple(_text(one.get("reason")) for one in details if one.get("reason")),
        quotas=tuple(_quotas(details)),
        wait=next((wait for one in details if (wait := _seconds(one.get("retryDelay"))) is not None), None),
    )


def _quotas(details: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the names of the quotas that were exceeded ("GenerateRequestsPerDayPerProjectPerModel-FreeTier")."""
    for detail in details:
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield _text(violation.get("quotaId")) or _text(violation.get("subject"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> float | None:
    """Return the seconds of a duration: "17s", "0.5s" (protobuf.dev, JSON form of Duration)."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return float(match.group(1)) if match is not None else None


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem of an error reply. Its words: at most 500 characters, no control characters, no keys."""
    redirect = failures.redirected(head, provider)
    if redirect is not None:
        return redirect
    said = parse(body) or Said(message=failures.readable(body))
    wait = read_retry_after(head)
    return _problem(said, head.status, provider, said.wait if wait is None else wait, body[:MAX_RAW])


def from_reply(body: bytes, status: int | None, provider: str) -> Problem | None:
    """Return the problem in a body of status 200, or in a record of a stream; None when it is no error."""
    said = parse(body)
    return None if said is None else _problem(said, status, provider, said.wait, body[:MAX_RAW])


def _problem(said: Said, status: int | None, provider: str, wait: float | None, raw: bytes) -> Problem:
    kind = _kind(said, said.code if status is None or status == 200 else status)
    step = _next_step(kind, said, provider)
    return kind(
        failures.as_sentence(said.message, status, step),
        who=provider,
        next_step=step,
        retry_after=None if kind is QuotaSpent else wait,  # what it says there is meant for the quota of a minute
        code=said.status or None,
        upstream_status=status,
        raw=raw,
    )


def _kind(said: Said, status: int | None) -> type[Problem]:
    """Return the class of an error: its details first, then its words, then the name of its status, then the number."""
    if any("API_KEY" in reason or reason == "ACCESS_TOKEN_EXPIRED" for reason in said.reasons):
        return KeyRefused
    if "api key" in said.message.lower() and status in (400, 401, 403):
        return KeyRefused
    if status in (400, 413) and _CONTEXT.search(said.message):
        return ContextTooLong
    if status == 404 and (_MODEL.search(said.message) or said.status == "NOT_FOUND"):
        return ModelMissing
    kind = _BY_STATUS.get(said.status) or failures.by_status(status, _BY_CODE)
    return QuotaSpent if kind is RateLimited and _is_spent(said) else kind


def _is_spent(said: Said) -> bool:
    """Say whether waiting a little will not help: the day's share or the money is gone."""
    if said.quotas:
        return any(_DAILY.search(quota) for quota in said.quotas)
    return _BILLING.search(said.message) is not None


def _next_step(kind: type[Problem], said: Said, provider: str) -> str:
    if kind is NotPermitted:
        what = "Switch the API on" if "SERVICE_DISABLED" in said.reasons else "Grant access to this model"
        return f"{what} in the project of providers.{provider}."
    if kind is QuotaSpent:
        return f"Wait for tomorrow, raise the quota at {provider}, or give it another key."
    if kind is ProviderFault and said.status == "":
        return f"Check the address of providers.{provider}."
    return failures.next_step(kind, said.code, provider)
