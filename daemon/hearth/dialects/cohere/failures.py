"""Cohere's errors, `{"id", "message"}`, as the problem they are (wire/providers §3, §4.9)."""

from __future__ import annotations

import msgspec
from msgspec import Struct, structs

from hearth.dialects import openai_failures
from hearth.dialects.dialect import Head
from hearth.dialects.unreadable import UNREADABLE
from hearth.problems import Problem

_SAME_AS = {498: 401, 499: 500}
"""An invalid token and a request that was cancelled there, under the statuses that everybody else uses."""


class _Flat(Struct):
    """An error; a reply has a message too, which is an object."""

    message: str = ""
    type: str | None = None


_decode = msgspec.json.Decoder(_Flat).decode


def read_problem(head: Head, body: bytes, provider: str) -> Problem:
    """Return the problem of an error reply; its words are cleaned, and it keeps the status that came."""
    known = _SAME_AS.get(head.status)
    if known is None:
        return openai_failures.read_problem(head, body, provider)
    problem = openai_failures.read_problem(structs.replace(head, status=known), body, provider)
    problem.upstream_status = head.status
    return problem


def from_reply(body: bytes, status: int | None, provider: str) -> Problem | None:
    """Return the problem in a body of status 200 or in a record of a stream; None when it is no error."""
    try:
        found = _decode(body)
    except UNREADABLE:
        return openai_failures.from_reply(body, status, provider) if b'"error"' in body else None
    if found.type is not None or not found.message:
        return None
    return openai_failures.from_reply(body, status, provider)
