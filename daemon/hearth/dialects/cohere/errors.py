"""Problems as clients of Cohere know them: `{"id", "message"}` and a status (wire/providers §4.9)."""

from __future__ import annotations

import msgspec

from hearth.dialects.dialect import Rendered
from hearth.dialects.errors import own_body, retry_after
from hearth.problems import Problem

_JSON = ("Content-Type", "application/json")


class _Body(msgspec.Struct):
    message: str
    id: str | None = None
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_decode = msgspec.json.Decoder(_Body).decode


def render(problem: Problem) -> Rendered:
    """Return a whole error reply. Cohere's own body passes as it came when its status does too."""
    body = problem.raw if _passes(problem) else msgspec.json.encode({"message": problem.text})
    return Rendered(problem.http_status, (_JSON, *retry_after(problem)), body)


def _passes(problem: Problem) -> bool:
    body = own_body(problem, _decode)
    return body is not None and body.error is msgspec.UNSET
