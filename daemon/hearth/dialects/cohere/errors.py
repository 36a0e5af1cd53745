"""Problems as clients of Cohere know them: `{"id", "message"}` and a status (wire/providers §4.9)."""

from __future__ import annotations

import math

import msgspec

from hearth.dialects.dialect import Rendered
from hearth.problems import Problem

_MAX_WAIT = 10**9


class _Body(msgspec.Struct):
    message: str
    id: str | None = None
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def render(problem: Problem) -> Rendered:
    """Return a whole error reply. Cohere's own body passes as it came when its status does too."""
    headers = [("Content-Type", "application/json")]
    if problem.retry_after is not None and 0 <= problem.retry_after < _MAX_WAIT:
        headers.append(("Retry-After", str(math.ceil(problem.retry_after))))
    body = problem.raw if _passes(problem) else msgspec.json.encode({"message": problem.text})
    return Rendered(problem.http_status, tuple(headers), body)


def _passes(problem: Problem) -> bool:
    if not problem.raw or problem.upstream_status != problem.http_status or not 400 <= problem.http_status < 500:
        return False
    try:
        return msgspec.json.decode(problem.raw, type=_Body).error is msgspec.UNSET
    except msgspec.DecodeError:
        return False
