"""What several calls took together is shared out among them to the last token."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from hearth.cache.shares import share_of, shares
from hearth.record import Attempt

weights = st.lists(st.integers(1, 10_000), min_size=1, max_size=40)


@given(st.integers(0, 10**9), weights)
def test_shares_are_the_total(total: int, weights: list[int]) -> None:
    """No token is lost, none is counted twice, and nobody's share is off by more than one."""
    found = shares(total, weights)

    assert sum(share or 0 for share in found) == total
    assert all(abs((share or 0) - total * one / sum(weights)) <= 1 for share, one in zip(found, weights, strict=True))


def test_a_share_of_what_nobody_knows_is_unknown() -> None:
    """Unknown is never 0."""
    assert shares(None, [1, 2]) == [None, None]


@given(st.integers(0, 10**6), st.floats(0, 100), weights)
def test_all_shares_of_an_attempt_are_the_attempt(tokens: int, cost: float, weights: list[int]) -> None:
    """Tokens to the last one, money to 1e-9; a share of many is marked as an estimate, a share of one is not."""
    whole = Attempt("a", 1, "t", "p", "m", "machine", "", 0.0, "complete", input_tokens=tokens, cost=cost, bytes_in=7)

    found = [share_of(whole, "b", weights, place) for place in range(len(weights))]

    assert sum(one.input_tokens or 0 for one in found) == tokens
    assert sum(one.bytes_in for one in found) == 7
    assert math.isclose(sum(one.cost or 0.0 for one in found), cost, abs_tol=1e-9)
    assert {one.call_id for one in found} == {"b"}
    assert all(one.estimated == (len(weights) > 1) for one in found)
