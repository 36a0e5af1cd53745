"""An error of a provider with OpenAI's envelope, in any of its shapes, as the problem it is (wire/providers §3, §4)."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects import failures
from hearth.dialects.dialect import Head
from hearth.dialects.failures import MAX_RAW, clean
from hearth.dialects.retry_after import read_retry_after
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import (
    ContentFiltered,
    ContextTooLong,
    KeyRefused,
    ModelMissing,
    Overloaded,
    Problem,
    ProviderFault,
    ProviderRefusal,
    QuotaSpent,
    RateLimited,
    TimedOut,
)

_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|maximum context|prompt is too long|too many (?:input )?tokens"
    r"|input (?:is too long|length exceeds)|too large to process",
    re.IGNORECASE,
)
_QUOTA = re.compile(
    r"insufficient[ _](?:quota|balance|credit|funds)|billing|exceeded your (?:current|monthly)|credits?\b",
    re.IGNORECASE,
)
_MODEL = re.compile(r"model|deployment", re.IGNORECASE)
_BUSY = re.compile(r"overloaded|slow_down|loading model|currently loading|at capacity|no capacity", re.IGNORECASE)
_MINIMAX: dict[int, type[Problem]] = {
    1001: TimedOut,
    1002: RateLimited,
    1004: KeyRefused,
    1008: QuotaSpent,
    1026: ContentFiltered,
    1027: ContentFiltered,
    1039: ContextTooLong,
    2013: ProviderRefusal,
}
_STATUSES: dict[int, type[Problem]] = {
    **failures.STATUSES,
    405: ProviderFault,
    409: ProviderFault,
    424: ProviderFault,
    425: ProviderFault,
    498: Overloaded,
    499: ProviderFault,
    524: TimedOut,
    529: Overloaded,
}


class BaseResp(Struct, gc=False):
    """MiniMax's own status inside a reply of status 200; 0 is success."""

    status_code: int = 0
    status_msg: str = ""


class Said:
    """What an error body says, in whichever of its shapes."""

    __slots__ = ("code", "message", "param", "status", "type", "wait")

    def __init__(self, found: dict[str, Any], outer: dict[str, Any]) -> None:
        code = found.get("code", outer.get("code"))
        self.status = _as_status(code)
        self.code = code if isinstance(code, str) and self.status is None else ""
        kind = found.get("type") or outer.get("error_type")
        self.type = kind if isinstance(kind, str) else ""
        self.param = found.get("param") if isinstance(found.get("param"), str) else None
        self.message = _message(found) or _message(outer)
        wait = outer.get("estimated_time")
        self.wait = float(wait) if isinstance(wait, int | float) and 0 <= wait < 86_400 else None


def _as_status(code: object) -> int | None:
    """Return a code that is an HTTP status (llama.cpp, vLLM, OpenRouter: a number; Azure: its text)."""
    if isinstance(code, str) and code.isdecimal():
        code = int(code)
    return code if isinstance(code, int) and 400 <= code < 600 else None


def _message(found: dict[str, Any]) -> str:
    """Return the words of an error; behind a router the words of the provider behind it say more (§4.10)."""
    metadata = found.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("raw"), str) and metadata["raw"]:
        inner = parse(metadata["raw"].encode())
        return f"{found.get('message')}: {inner.message if inner is not None else metadata['raw']}"
    for name in ("message", "detail", "error", "error_description", "title"):
        words = _words(found.get(name))
        if words:
            return words
    return ""


def _words(value: object) -> str:
    """Return text from text, from an object with a message, or from a validator's list of complaints (422)."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _words(value.get("message")) or _words(value.get("detail"))
    if isinstance(value, list):
        return "; ".join(_complaint(item) for item in value[:5] if isinstance(item, dict))
    return ""


def _complaint(item: dict[str, Any]) -> str:
    """Return one complaint of a validator as "where: what", without the input it quotes: that may be a prompt."""
    place = item.get("loc")
    where = ".".join(str(step) for step in place) if isinstance(place, list) else ""
    return f"{where}: {item.get('msg', '')}".strip(": ")


def parse(body: bytes) -> Said | None:
    """Return what an error body says; None for a body that is no error."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        return None
    error = found.get("error")
    if isinstance(error, dict):
        return Said(error, {})
    if isinstance(error, str) and error:
        return Said({"message": error}, found)
    if found.get("object") == "error" or ("choices" not in found and "data" not in found and _message(found)):
        return Said(found, found)
    return None


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem of an error reply. Its words: at most 500 characters, no control characters, no keys."""
    redirect = failures.redirected(head, provider)
    if redirect is not None:
        return redirect
    said = parse(body) or Said({"message": failures.readable(body)}, {})
    kind = _kind(said, head.status)
    if kind is ProviderRefusal and head.get("x-should-retry").lower() == "true":
        kind = ProviderFault
    return _problem(kind, said, head.status, provider, read_retry_after(head), body[:MAX_RAW])


def from_reply(body: bytes, status: int | None, provider: str) -> Problem | None:
    """Return the problem in a body that came with status 200, or in a record of a stream; None when it is no error.

    Shapes: `{"error": …}`, xAI's `{"code", "error": "…"}`, `{"object": "error"}` and flat messages.
    """
    said = parse(body)
    if said is None or (said.message == "" and said.code == "" and said.type == ""):
        return None
    return _problem(_kind(said, said.status), said, status, provider, said.wait, body[:MAX_RAW])


def from_error(error: object, base: BaseResp | None, provider: str) -> Problem | None:
    """Return the problem that a chunk carries in `error`, `x_groq.error` or `base_resp`; None when it carries none."""
    if error:
        said = Said(error if isinstance(error, dict) else {"message": str(error)}, {})
        return _problem(_kind(said, said.status), said, said.status, provider, None, b"")
    if base is not None and base.status_code != 0:
        said = Said({"message": base.status_msg, "code": str(base.status_code)}, {})
        kind = _MINIMAX.get(base.status_code, ProviderFault)
        return _problem(kind, said, None, provider, None, b"")
    return None


def _problem(
    kind: type[Problem], said: Said, status: int | None, provider: str, wait: float | None, raw: bytes
) -> Problem:
    step = failures.next_step(kind, status, provider)
    return kind(
        failures.as_sentence(said.message, status, step),
        who=provider,
        next_step=step,
        retry_after=said.wait if wait is None else wait,
        param=said.param,
        code=clean(said.code) or None,
        upstream_status=status,
        raw=raw,
    )


def _kind(said: Said, status: int | None) -> type[Problem]:  # noqa: C901, PLR0911 -- returns once a class
    """Return the class of an error. What the body says weighs more than the status where they differ."""
    names = f"{said.code} {said.type}"
    if said.type == "exceed_context_size_error" or "context_length" in names:
        return ContextTooLong
    if "insufficient_quota" in names or "billing" in names or "insufficient_quota" in said.message:
        return QuotaSpent
    if "rate_limit" in names or "RateLimit" in names:
        return RateLimited
    if said.code in ("model_not_found", "model_not_supported", "DeploymentNotFound", "invalid_model"):
        return ModelMissing
    if "invalid_api_key" in names or said.type == "authentication_error":
        return KeyRefused
    if said.code in ("content_filter", "content_policy_violation"):
        return ContentFiltered
    if status is None:
        return _kind_by_words(said)
    if status == 429 and _QUOTA.search(said.message):
        return QuotaSpent
    if status in (400, 413, 422, 500) and _CONTEXT.search(said.message):
        return ContextTooLong
    if status in (404, 410):
        return ModelMissing if _MODEL.search(f"{names} {said.message}") else ProviderFault
    if status == 403 and "moderat" in f"{names} {said.message}".lower():
        return ContentFiltered
    if status >= 500 and _BUSY.search(f"{names} {said.message}"):
        return Overloaded
    return failures.by_status(status, _STATUSES)


def _kind_by_words(said: Said) -> type[Problem]:
    """Return the class of an error without a status: one that came inside a reply."""
    words = f"{said.code} {said.type} {said.message}"
    if _CONTEXT.search(words):
        return ContextTooLong
    if _BUSY.search(words):
        return Overloaded
    if said.type == "invalid_request_error":
        return ProviderRefusal
    return ProviderFault
