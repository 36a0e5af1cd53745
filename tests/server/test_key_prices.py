"""What a target costs with the keys that may be used: the mean of their prices, by weight."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.money.tags import PriceTag, Use, cost
from hearth.server.key_prices import Share, mean_of
from hearth_config.settings import Budget

CHEAP, DEAR = PriceTag(input=1e-6, output=2e-6), PriceTag(input=3e-6, output=6e-6)


def test_a_call_costs_the_mean_by_weight() -> None:
    """Three of four calls go by the cheap key."""
    found = mean_of([(3.0, CHEAP), (1.0, DEAR)], Budget())

    assert found is not None
    assert found.input == pytest.approx(1.5e-6)
    assert found.output == pytest.approx(3e-6)


@pytest.mark.parametrize(
    "shares",
    [[], [(1.0, None)], [(1.0, CHEAP), (1.0, None)], [(1.0, CHEAP), (1.0, PriceTag(input=1.0, currency="EUR"))]],
)
def test_what_is_not_known_of_each_is_not_known(shares: list[Share]) -> None:
    """An unknown price never counts as nothing, and two currencies without a rate have no mean."""
    assert mean_of(shares, Budget()) is None


def test_two_currencies_have_a_mean_where_the_config_has_a_rate() -> None:
    """A key that is paid in euros counts by what a euro is in the budget's currency; what is unknown stays so."""
    euros = PriceTag(input=2e-6, output=4e-6, currency="EUR")

    found = mean_of([(1.0, CHEAP), (1.0, euros)], Budget(rates={"EUR": 1.5}))

    assert found is not None
    assert found.input == pytest.approx(2e-6)
    assert found.output == pytest.approx(4e-6)
    assert (found.currency, found.per_second) == ("USD", None)


PRICES = st.floats(0, 1e-3)
TAGS = st.builds(PriceTag, input=PRICES, output=PRICES, per_request=PRICES)


@given(
    st.lists(st.tuples(st.floats(0.1, 10), TAGS), min_size=1, max_size=5), st.integers(0, 10**6), st.integers(0, 10**5)
)
def test_the_price_of_the_mean_is_the_mean_of_the_prices(
    shares: list[tuple[float, PriceTag]], given_tokens: int, made: int
) -> None:
    """So `cheapest` may measure once, however many keys there are."""
    use = Use(given_tokens, made)
    tag = mean_of([*shares], Budget())
    costs = [(weight, found.amount) for weight, one in shares if (found := cost(one, use)) is not None]

    assert tag is not None
    known = cost(tag, use)

    assert known is not None
    expected = sum(weight * amount for weight, amount in costs) / sum(weight for weight, _ in costs)
    assert known.amount == pytest.approx(expected)
