"""Token probabilities: two parallel lists here, one list of tokens with their rivals in our meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from hearth.dialects.body import raw
from hearth.events import LogProbs


class Token(Struct, rename="camel", gc=False):
    """A token and the logarithm of its probability."""

    token: str = ""
    log_probability: float = 0.0


class Top(Struct):
    """The likeliest tokens of one step."""

    candidates: list[Token] = []


class LogprobsWire(Struct, rename="camel"):
    """`logprobsResult`."""

    chosen_candidates: list[Token] | None = None
    top_candidates: list[Top] | None = None


class _Rival(Struct):
    token: str = ""
    logprob: float = 0.0


class _Step(Struct):
    token: str = ""
    logprob: float = 0.0
    top_logprobs: list[_Rival] = []


def read_logprobs(wire: LogprobsWire, choice: int) -> LogProbs | None:
    """Return the probabilities; None where no token was told."""
    tops = wire.top_candidates or []
    steps = [
        _entry(token)
        | {"top_logprobs": [_entry(rival) for rival in tops[place].candidates] if place < len(tops) else []}
        for place, token in enumerate(wire.chosen_candidates or ())
    ]
    return LogProbs(raw(steps), choice) if steps else None


def _entry(token: Token) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.log_probability, "bytes": list(token.token.encode())}


def write_logprobs(told: Sequence[LogProbs]) -> dict[str, Any]:
    """Return `logprobsResult` of all that was told."""
    steps = [step for one in told for step in msgspec.json.decode(one.content, type=list[_Step])]
    return {
        "chosenCandidates": [{"token": step.token, "logProbability": step.logprob} for step in steps],
        "topCandidates": [
            {"candidates": [{"token": rival.token, "logProbability": rival.logprob} for rival in step.top_logprobs]}
            for step in steps
        ],
    }
