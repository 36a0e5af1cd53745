"""A problem as an error reply: the headers and the question whose words, the same for the clients of all dialects."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Problem, ProviderProblem

T = TypeVar("T")
Headers = tuple[tuple[str, str], ...]
_MAX_WAIT = 10**9
"""Seconds; a provider that asks for more says nothing sensible."""
DO_NOT_RETRY: Headers = (("x-should-retry", "false"),)
"""OpenAI's and Anthropic's SDKs heed it before they look at the status."""


def wait(problem: Problem) -> int | None:
    """Return the whole seconds after which to ask again; None where nobody knows."""
    seconds = problem.retry_after
    return math.ceil(seconds) if seconds is not None and 0 <= seconds < _MAX_WAIT else None


def retry_after(problem: Problem) -> Headers:
    """Return the header `Retry-After` (RFC 9110 §10.2.3); none where nobody knows how long."""
    seconds = wait(problem)
    return () if seconds is None else (("Retry-After", str(seconds)),)


def retry_headers(problem: Problem) -> Headers:
    """Return `Retry-After`, and for a provider's failure the word that our retries are not to be repeated."""
    headers = retry_after(problem)
    return (*headers, *DO_NOT_RETRY) if isinstance(problem, ProviderProblem) else headers


def own_body(problem: Problem, read: Callable[[bytes], T]) -> T | None:
    """Return the provider's error body where it may be shown as it came: a 4xx kept as such, that `read` can read."""
    status = problem.http_status
    if not problem.raw or problem.upstream_status != status or not 400 <= status < 500:
        return None
    try:
        return read(problem.raw)
    except UNREADABLE:
        return None
