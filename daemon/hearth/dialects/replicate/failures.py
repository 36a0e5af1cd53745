"""Replicate's errors: problem details (RFC 7807) of its API, and the words in which a prediction failed."""

from __future__ import annotations

import re

from hearth.dialects import openai_failures
from hearth.dialects.dialect import Head
from hearth.problems import ModelMissing, Problem, ProviderFault, RateLimited

_WAIT = re.compile(r"available in ([0-9]{1,5}(?:\.[0-9]+)?) ?s")


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem of an error reply. A 404 is a model that is not there: no other path is ever asked."""
    problem = openai_failures.read_problem(head, body, provider)
    if head.status == 404:
        return ModelMissing(problem.message, who=provider, upstream_status=404, raw=problem.raw)
    if isinstance(problem, RateLimited) and problem.retry_after is None:
        wait = _WAIT.search(problem.message)
        problem.retry_after = float(wait[1]) if wait is not None else None
    return problem


def failed(words: str, provider: str) -> Problem:
    """Return the problem of a prediction that failed in these words."""
    problem = openai_failures.from_error(words, None, provider)
    return problem or ProviderFault("The prediction failed without saying why.", who=provider)


def canceled(provider: str) -> Problem:
    """Return the problem of a prediction that somebody else cancelled."""
    return ProviderFault("The prediction was cancelled there.", who=provider)
