"""What was counted for several calls together, shared out among them; pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from msgspec import structs

from hearth.record import Attempt


def shares(total: int | None, weights: Sequence[int]) -> list[int | None]:
    """Return whole numbers in proportion to the weights, whose sum is the total; None of an unknown one."""
    if total is None:
        return [None] * len(weights)
    ends = [total * end // sum(weights) for end in accumulate(weights)]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def share_of(attempt: Attempt, call_id: str, weights: Sequence[int], place: int) -> Attempt:
    """Return the share of an attempt that the call at this place has in it. A share of many is an estimate."""
    if len(weights) == 1:
        return structs.replace(attempt, call_id=call_id)

    def mine(total: int | None) -> int | None:
        return shares(total, weights)[place]

    cost = attempt.cost
    return structs.replace(
        attempt,
        call_id=call_id,
        input_tokens=mine(attempt.input_tokens),
        output_tokens=mine(attempt.output_tokens),
        cached_tokens=mine(attempt.cached_tokens),
        reasoning_tokens=mine(attempt.reasoning_tokens),
        estimated=attempt.estimated or attempt.input_tokens is not None,
        cost=None if cost is None else cost * weights[place] / sum(weights),
        bytes_out=mine(attempt.bytes_out) or 0,
        bytes_in=mine(attempt.bytes_in) or 0,
    )
