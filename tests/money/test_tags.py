"""What an answer costs by a price: each kind of token once, unknown parts never for nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.money.tags import Cost, LongerPrompts, PriceTag, Use, at_home, configured, cost, most
from hearth_config.settings import Price

MILLIONTHS = st.integers(0, 100).map(lambda n: n / 1_000_000)
TOKENS = st.integers(0, 2_000_000)
MAYBE = st.none() | MILLIONTHS


def test_each_kind_of_token_is_paid_once() -> None:
    """Cached and cache-write tokens are part of the input, reasoning tokens of the output."""
    tag = PriceTag(input=10.0, output=100.0, cached=1.0, cache_write=20.0, reasoning=50.0)

    paid = cost(tag, Use(input=10, output=5, cached=4, cache_write=3, reasoning=2))

    assert paid == Cost(3 * 10 + 4 * 1 + 3 * 20 + 3 * 100 + 2 * 50, "USD", "config")


def test_tokens_of_a_kind_without_a_price_cost_what_others_do() -> None:
    """A price that names input and output alone holds for cached, written and thought ones too."""
    tag = PriceTag(input=1.0, output=2.0)

    assert cost(tag, Use(10, 10, 5, 2, 7)) == cost(tag, Use(10, 10))


@pytest.mark.parametrize(
    ("tag", "use"),
    [
        (PriceTag(), Use(10, 10)),
        (PriceTag(input=1.0), Use(10, 10)),
        (PriceTag(output=1.0), Use(10, 10)),
        (PriceTag(input=1.0, output=1.0), Use(None, 10)),
        (PriceTag(input=1.0, output=1.0), Use(10, None)),
        (PriceTag(per_second=1.0), Use(10, 10)),
        (PriceTag(output=1.0, per_request=1.0), Use(10, 10)),
    ],
)
def test_an_unknown_part_makes_the_cost_unknown(tag: PriceTag, use: Use) -> None:
    """It is never taken for 0."""
    assert cost(tag, use) is None


def test_what_has_no_tokens_needs_no_price_for_them() -> None:
    """Embeddings have a price for what is read alone, and some models one by request."""
    assert cost(PriceTag(input=2.0), Use(3, 0)) == Cost(6.0, "USD", "config")
    assert cost(PriceTag(per_request=0.5), Use(3, 4)) == Cost(0.5, "USD", "config")
    assert cost(PriceTag(per_second=0.5, per_request=1.0), Use(seconds=4.0)) == Cost(3.0, "USD", "config")


def test_a_longer_prompt_may_have_another_price_for_all_of_it() -> None:
    """As with models that cost double above a length."""
    longer = PriceTag(input=2.0, output=3.0)
    tag = PriceTag(input=1.0, output=1.0, longer=(LongerPrompts(100, longer),))

    assert cost(tag, Use(100, 10)) == Cost(110.0, "USD", "config")
    assert cost(tag, Use(101, 10)) == Cost(232.0, "USD", "config")
    assert most(tag, 101, 10) == 232.0


def test_home_costs_nothing_or_its_energy() -> None:
    """300 watts for an hour at 0.40 a kilowatt-hour are 0.12; with either figure missing it is nothing."""
    hour = Use(1000, 1000, seconds=3600.0)

    paid = cost(at_home(300.0, 0.40, "EUR"), hour)

    assert paid is not None
    assert math.isclose(paid.amount, 0.12)
    assert (paid.currency, paid.source) == ("EUR", "local")
    assert cost(at_home(300.0, 0.0, "EUR"), hour) == Cost(0.0, "", "local")


def test_an_explicit_nothing_is_free_and_no_price_is_not() -> None:
    """The difference between 0 and nothing said."""
    assert configured(Price(input_per_million=0.0, output_per_million=0.0), "USD").free
    assert not configured(Price(input_per_million=0.0, output_per_million=1.0), "USD").free
    assert not PriceTag().free


@given(
    st.tuples(MAYBE, MAYBE, MAYBE, MAYBE, MAYBE).map(lambda parts: PriceTag(*parts)),
    st.tuples(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS).map(lambda counts: Use(*counts)),
)
def test_nothing_ever_costs_more_than_the_most_or_less_than_nothing(tag: PriceTag, use: Use) -> None:
    """What is set aside before an answer covers it, whatever its tokens turn out to be; no nonsense is a credit."""
    paid, upper = cost(tag, use), most(tag, use.input or 0, use.output or 0)

    if paid is not None:
        assert upper is not None
        assert 0 <= paid.amount <= upper * (1 + 1e-9)


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_a_price_by_the_thousand_and_by_the_million_are_one(given_: float, made: float) -> None:
    """Whichever way it is written."""
    by_thousand = configured(Price(input_per_1k=given_ / 1000, output_per_1k=made / 1000), "USD")
    by_million = configured(Price(input_per_million=given_, output_per_million=made), "USD")

    one, other = cost(by_thousand, Use(1000, 1000)), cost(by_million, Use(1000, 1000))

    assert one is not None
    assert other is not None
    assert math.isclose(one.amount, other.amount, rel_tol=1e-12)
