"""Whatever goes wrong at any provider has one name here, and every client is told it in its own dialect.

The same refusals by each provider in its own form: what is written down is the same, and so is what clients see.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import NamedTuple

import pytest

from end_to_end.callers import Answer, admin, call, calm
from hearth.dialects import registry
from hearth.problems import (
    KeyRefused,
    NotPermitted,
    Overloaded,
    ProviderFault,
    ProviderProblem,
    ProviderRefusal,
    RateLimited,
)
from hearth.rehearsal import Fault, Rehearsal
from hearth_home import Home, running
from matrix.cast import CLIENTS, PROVIDERS
from matrix.cells import PAUSE
from matrix.questions import ASKED

KINDS: dict[int, type[ProviderProblem]] = {
    400: ProviderRefusal,
    401: KeyRefused,
    403: NotPermitted,
    429: RateLimited,
    500: ProviderFault,
    503: Overloaded,
}
"""What a status means, whoever says it. A 404 means nothing by itself: a missing model, or a wrong address."""


class Told(NamedTuple):
    """What one client was told, and what was written down."""

    answer: Answer
    problem: str


def _name(served: str, status: int) -> str:
    return f"p{status}-{served.replace('_', '-')}"


async def _refused(home: Home, rehearsal: Rehearsal, served: str, called: str, status: int) -> Told:
    """Ask a provider that refuses with this status, under a name of its own: no other call's failure counts."""
    client, model = CLIENTS[served], f"{_name(served, status)}/{PROVIDERS[called].model}"
    words = ASKED["text"].encode()
    rehearsal.clear()
    rehearsal.when(lambda request: words in request.body, Fault.refuse(status, retry_after=PAUSE), times=1)
    path, body = client.request("text", model, stream=False)
    answer = await call(home, path, body, **dict(client.headers))
    (record,) = await admin(home, "/hearth/v1/calls?limit=1")
    return Told(answer, record["problem"])


async def _at(called: str) -> dict[tuple[str, int], Told]:
    """Everything that can be told of one provider."""
    async with AsyncExitStack() as stack:
        rehearsal = await stack.enter_async_context(Rehearsal(PROVIDERS[called].script()))
        names = [_name(served, status) for served in CLIENTS for status in KINDS]
        tables = "".join(PROVIDERS[called].config(name, rehearsal.url) for name in names)
        home = await stack.enter_async_context(running(calm() + "[retry]\nattempts = 1\n" + tables))
        return {
            (served, status): await _refused(home, rehearsal, served, called, status)
            for served in CLIENTS
            for status in KINDS
        }


@pytest.mark.parametrize("called", PROVIDERS)
def test_an_error_means_the_same_from_everybody_and_to_everybody(called: str) -> None:
    """Status, words and pause reach each client in its dialect, under one name in the log."""
    told = asyncio.run(_at(called))

    for (served, status), (answer, problem) in told.items():
        kind, where = KINDS[status], f"{status} for {served}: {answer.status} {answer.body[:300]!r}"
        half = registry.served(served)
        assert half is not None
        assert problem == kind.kind, f"{problem} {where}"
        assert answer.status == half.problem(kind("x", who="far", upstream_status=status)).status, where
        assert CLIENTS[served].whole(json.loads(answer.body)).error, where
        if status == 429:
            assert answer.headers.get("retry-after") == PAUSE, where
