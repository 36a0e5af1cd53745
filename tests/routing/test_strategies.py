"""In which order targets are tried: what each strategy measures, whose turn it is, and what stays true of all."""

from collections import Counter
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearth.money.tags import PriceTag
from hearth.routing.catalog import Catalog
from hearth.routing.expected import Average, Learned
from hearth.routing.explain import explain, lines
from hearth.routing.inventory import Inventory
from hearth.routing.strategies import ordered
from hearth.routing.world import Hold, TargetState, World
from hearth_config.settings import Budget, Strategy
from routing.routing_examples import a_call, planned, reasons, tried
from routing.strategy_examples import ALL, BOX, CLOUD, HOME, NOW, learned, planned_by, settings_of, world_of

STRATEGIES: Sequence[Strategy] = get_args(Strategy)


def test_cheapest_counts_the_prompt_and_a_usual_answer() -> None:
    """The one that costs least for this very call comes first, whatever a token of the prompt alone costs."""
    prices = {
        CLOUD: PriceTag(input=1e-6, output=1e-6),
        BOX: PriceTag(input=0.0, output=5e-6),
        HOME: PriceTag(per_request=0.1),
    }

    made = planned_by("cheapest", world_of(prices=prices))

    assert tried(made) == [CLOUD, BOX, HOME]
    assert made.figures[CLOUD] == pytest.approx((100 + 500) * 1e-6)
    assert reasons(made) == ["cheapest"] * 3


def test_an_unknown_price_comes_last_and_never_counts_as_nothing() -> None:
    """Nobody knows what it costs, so it is not cheap; a model on this machine is free without a price."""
    made = planned_by("cheapest", world_of(prices={CLOUD: PriceTag(input=1e-6, output=1e-6)}))

    assert tried(made) == [HOME, CLOUD, BOX]
    assert made.figures[BOX] is None


def test_a_price_in_another_currency_counts_by_its_rate() -> None:
    """Without a rate it is as good as unknown."""
    euro = {CLOUD: PriceTag(input=1e-6, output=1e-6, currency="EUR"), BOX: PriceTag(input=1.05e-6, output=1.05e-6)}
    dear = settings_of("cheapest", budget=Budget(rates={"EUR": 1.1}))
    without = settings_of("cheapest")

    assert tried(planned(a_call("fast"), dear, world_of(prices=euro)))[1:] == [BOX, CLOUD]
    assert planned(a_call("fast"), without, world_of(prices=euro)).figures[CLOUD] is None


def test_energy_at_home_is_a_cost_by_the_second() -> None:
    """What a second of computing costs counts for as many seconds as the answer is expected to take."""
    prices = {HOME: PriceTag(input=0.0, output=0.0, per_second=0.001), CLOUD: PriceTag(input=1e-6, output=1e-6)}
    states = {HOME: TargetState(loaded=True, learned=learned(1.0, rate=50.0))}

    made = planned_by("cheapest", world_of(states, prices))

    assert made.figures[HOME] == pytest.approx(0.001 * 11.0, rel=0.1)
    assert tried(made)[0] == CLOUD


def test_fastest_adds_the_wait_the_prompt_and_the_answer() -> None:
    """A slow beginning is made up for by a fast pen, and the other way round."""
    states = {
        CLOUD: TargetState(learned=learned(2.0, rate=200.0)),
        BOX: TargetState(learned=learned(0.1, rate=20.0)),
        HOME: TargetState(loaded=True, learned=learned(0.5, rate=50.0)),
    }

    made = planned_by("fastest", world_of(states))

    assert tried(made) == [CLOUD, HOME, BOX]
    assert made.figures[CLOUD] == pytest.approx(2.0 + 500 / 200, rel=0.1)


def test_fastest_knows_that_long_prompts_take_longer() -> None:
    """Times to the first token are learned by the length of the prompt, so the order may change with it."""
    quick, slow = Average(0.1, 8.0, NOW), Average(9.0, 8.0, NOW)
    rate = Average(50.0, 8.0, NOW)
    states = {
        CLOUD: TargetState(learned=Learned((Average(1.0, 8.0, NOW),) * 6, rate=rate)),
        HOME: TargetState(loaded=True, learned=Learned((quick, quick, slow, slow, slow, slow), rate=rate)),
    }
    settings = settings_of("fastest")

    short = planned(a_call("fast", prompt_bytes=400), settings, world_of(states))
    long = planned(a_call("fast", prompt_bytes=8_000), settings, world_of(states))

    assert tried(short)[0] == HOME
    assert tried(long)[0] == CLOUD


def test_fastest_counts_the_load_of_a_cold_model() -> None:
    """A model that must be read from the disk first is not fast now."""
    states = {
        HOME: TargetState(loaded=False, learned=learned(0.1, rate=200.0)),
        CLOUD: TargetState(learned=learned(1.0, rate=150.0)),
    }

    assert tried(planned_by("fastest", world_of(states)))[0] == CLOUD


def test_least_busy_counts_calls_for_each_slot() -> None:
    """Three of four slots taken is busier than one of two; slots that nobody knows count as one."""
    states = {
        CLOUD: TargetState(in_flight=2, slots=1024),
        BOX: TargetState(in_flight=3, slots=4),
        HOME: TargetState(loaded=True, in_flight=1, slots=2),
    }

    assert tried(planned_by("least_busy", world_of(states))) == [HOME, BOX, CLOUD]


def test_round_robin_begins_with_another_one_each_turn() -> None:
    """Three turns, three first places, and who comes next is the next one listed."""
    orders = [tried(planned_by("round_robin", world_of(turn=turn))) for turn in range(4)]

    assert [order[0] for order in orders] == [CLOUD, BOX, HOME, CLOUD]
    assert orders[1] == [BOX, HOME, CLOUD]


@given(st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any))
def test_weighted_gives_each_its_share_of_first_places(weights: list[int]) -> None:
    """Over a hundred turns nobody is first more than four times oftener or seldomer than the weights say."""
    settings = settings_of("weighted", weights=weights)
    resolution = Catalog(settings, Inventory()).resolve("fast", "chat")
    call = a_call("fast")

    orders = [ordered(call, resolution, World(turn=turn), settings).targets for turn in range(100)]

    first = Counter(order[0].name for order in orders)
    for name, weight in zip(ALL, weights, strict=True):
        assert abs(first[name] - 100 * weight / sum(weights)) <= 4.0


def test_best_value_weighs_cost_against_time_and_success() -> None:
    """Twice as dear is worth it for a tenth of the time; an unreliable one loses what it wins."""
    prices = {
        CLOUD: PriceTag(input=2e-5, output=2e-5),
        BOX: PriceTag(input=1e-5, output=1e-5),
        HOME: PriceTag(input=1e-5, output=1e-5),
    }
    states = {
        CLOUD: TargetState(learned=learned(0.2, rate=500.0)),
        BOX: TargetState(learned=learned(5.0, rate=40.0)),
        HOME: TargetState(loaded=True, learned=learned(5.0, rate=40.0)),
    }
    shaky = {**states, CLOUD: TargetState(learned=learned(0.2, rate=500.0), success=0.05)}

    assert tried(planned_by("best_value", world_of(states, prices)))[0] == CLOUD
    assert tried(planned_by("best_value", world_of(shaky, prices)))[-1] == CLOUD


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("turn", range(3))
def test_prefer_local_puts_the_cloud_last_whatever_the_strategy(strategy: Strategy, turn: int) -> None:
    """Cheap, fast or held to: the cloud answers when local models cannot."""
    prices = {CLOUD: PriceTag(input=0.0, output=0.0), BOX: PriceTag(input=1.0, output=1.0)}
    world = world_of({BOX: TargetState(in_flight=9)}, prices, turn, Hold(b"talk", CLOUD))

    made = planned_by(strategy, world, mode="prefer-local")

    assert tried(made)[-1] == CLOUD
    assert len(tried(made)) == 3


def test_a_conversation_stays_with_who_answered_it() -> None:
    """Pain 45: a prompt cache is worth more than what the strategy would win; the reason says it."""
    made = planned_by("round_robin", world_of(turn=0, hold=Hold(b"talk", HOME)))

    assert tried(made) == [HOME, CLOUD, BOX]
    assert reasons(made)[0] == "sticky"
    assert {one.conversation for one in made.candidates} == {b"talk"}


def test_a_long_wait_lets_a_conversation_go() -> None:
    """Pain 45: over-pinning is as bad; who would keep the caller waiting past patience is not held to."""
    slow = {CLOUD: TargetState(learned=learned(60.0))}

    made = planned_by("least_busy", world_of(slow, hold=Hold(b"talk", CLOUD)))

    assert tried(made)[-1] == CLOUD


def test_one_that_rests_is_not_held_to() -> None:
    """Released on failure: whoever rests comes last, as ever, and says so in the next one's reason."""
    world = world_of({BOX: TargetState(resting_until=NOW + 30)}, hold=Hold(b"talk", BOX))

    made = planned_by("cheapest", world)

    assert tried(made)[-1] == BOX
    assert reasons(made)[0] == "resting"


def test_the_explanation_says_what_was_measured() -> None:
    """A person reads why: the figure stands beside each target, and an unknown one is called unknown."""
    made = planned_by("cheapest", world_of(prices={CLOUD: PriceTag(input=1e-6, output=1e-6)}))

    said = "\n".join(lines(explain(made)))

    assert "strategy: cheapest" in said
    assert "would cost about 0.000600" in said
    assert "its price is not known" in said
